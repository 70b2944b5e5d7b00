// hubdist hub user, org and token.
#include <cstdio>
#include <memory>
#include <utility>

#include "cli/command.h"
#include <hubdist/server/accounts.h>

namespace hubdist::cli {
namespace {

struct AccountArguments {
  Path root;
  std::string name;
  std::string user;
  std::string role = "write";
};

struct TokenArguments {
  Path root;
  std::string user;
  std::string id;
  TokenOptions options;
  bool from_stdin = false;
  Path output;
};

constexpr std::uint32_t kOwnerOnly = 0600;

using WithAccounts = std::function<Status(Accounts&)>;

Status with_accounts(const Path& root, const WithAccounts& work) {
  HUBDIST_ASSIGN(const auto store, open_folder_store(posix_file_system(), root));
  Accounts accounts(*store);
  return work(accounts);
}

void print_line(const std::string& line) { std::puts(line.c_str()); }

Status print_accounts(const Accounts& accounts, bool organisations) {
  HUBDIST_ASSIGN(const std::vector<Account> all, accounts.accounts());
  for (const Account& account : all) {
    if (account.is_organisation != organisations) continue;
    std::string line = concat(account.name, '\t', account.created);
    for (const auto& [organisation, role] : account.organisations)
      line += concat('\t', organisation, ':', role_name(role));
    for (const Account& user : all)
      if (organisations && user.organisations.contains(account.name))
        line += concat('\t', user.name, ':', role_name(user.organisations.at(account.name)));
    print_line(line);
  }
  return {};
}

Status print_tokens(const Accounts& accounts, std::string_view user) {
  HUBDIST_ASSIGN(const std::vector<TokenInfo> tokens, accounts.tokens(user));
  for (const TokenInfo& token : tokens)
    print_line(concat(token.id, '\t', token.user, '\t', token.may_write ? "write" : "read", '\t',
                      token.created, '\t', token.label));
  return {};
}

Status add_token(Accounts& accounts, const TokenArguments& arguments, std::stop_token stop) {
  if (arguments.from_stdin) {
    HUBDIST_ASSIGN(std::string text, read_token_from_stdin(std::move(stop)));
    return accounts.add_token(arguments.user, arguments.options, Secret(std::move(text)));
  }
  HUBDIST_ASSIGN(const Secret token, accounts.add_token(arguments.user, arguments.options));
  std::string line = concat(token.reveal(), '\n');
  Status written;
  if (arguments.output.empty())
    std::fwrite(line.data(), 1, line.size(), stdout);
  else
    written = write_file_atomic(posix_file_system(), arguments.output, as_bytes(line),
                                Durability::kCrash, kOwnerOnly);
  Secret forgotten(std::move(line));  // overwrites it
  return written;
}

// A command below `parent` that works on the accounts of a hub.
template <typename Arguments, typename Work>
CLI::App* add_command(CLI::App& parent, Action& action, const std::string& name,
                      const std::string& what, std::shared_ptr<Arguments> arguments, Work work) {
  CLI::App* command = parent.add_subcommand(name, what);
  add_hub_root(*command, arguments->root);
  command->callback([&action, arguments, work] {
    action = [arguments, work](std::stop_token stop) {
      return with_accounts(arguments->root,
                           [&](Accounts& accounts) { return work(accounts, *arguments, stop); });
    };
  });
  return command;
}

void add_user_commands(CLI::App& hub, Action& action) {
  CLI::App* user = hub.add_subcommand("user", "Users of a hub");
  user->require_subcommand(1);
  auto arguments = std::make_shared<AccountArguments>();
  add_command(*user, action, "add", "Make a user, who may own repositories (NAME/...)", arguments,
              [](Accounts& accounts, const AccountArguments& a, std::stop_token) {
                return accounts.add_user(a.name);
              })
      ->add_option("name", arguments->name, "The user's name")
      ->required();
  add_command(*user, action, "remove", "Take a user and their tokens; repositories stay", arguments,
              [](Accounts& accounts, const AccountArguments& a, std::stop_token) {
                return accounts.remove(a.name);
              })
      ->add_option("name", arguments->name, "The user's name")
      ->required();
  add_command(*user, action, "list", "Print users, and the organisations that they belong to",
              arguments, [](Accounts& accounts, const AccountArguments&, std::stop_token) {
                return print_accounts(accounts, false);
              });
}

void add_organisation_commands(CLI::App& hub, Action& action) {
  CLI::App* org = hub.add_subcommand("org", "Organisations of a hub");
  org->require_subcommand(1);
  auto arguments = std::make_shared<AccountArguments>();
  add_command(*org, action, "add", "Make an organisation, which may own repositories (NAME/...)",
              arguments,
              [](Accounts& accounts, const AccountArguments& a, std::stop_token) {
                return accounts.add_organisation(a.name);
              })
      ->add_option("name", arguments->name, "The organisation's name")
      ->required();
  add_command(*org, action, "remove", "Take an organisation; repositories stay", arguments,
              [](Accounts& accounts, const AccountArguments& a, std::stop_token) {
                return accounts.remove(a.name);
              })
      ->add_option("name", arguments->name, "The organisation's name")
      ->required();
  add_command(*org, action, "list", "Print organisations and their members", arguments,
              [](Accounts& accounts, const AccountArguments&, std::stop_token) {
                return print_accounts(accounts, true);
              });
  CLI::App* member =
      add_command(*org, action, "member", "Give a user a role in an organisation", arguments,
                  [](Accounts& accounts, const AccountArguments& a, std::stop_token) -> Status {
                    HUBDIST_ASSIGN(const Role role, parse_role(a.role));
                    return accounts.set_member(a.name, a.user, role);
                  });
  member->add_option("name", arguments->name, "The organisation's name")->required();
  member->add_option("user", arguments->user, "The user's name")->required();
  member
      ->add_option("--role", arguments->role,
                   "read: its private repositories; write: also commit and make repositories; "
                   "admin: also change, rename and delete them; none: no member")
      ->check(CLI::IsMember({"read", "write", "admin", "none"}))
      ->capture_default_str();
}

void add_token_commands(CLI::App& hub, Action& action) {
  CLI::App* token = hub.add_subcommand("token", "Tokens of a hub's users");
  token->require_subcommand(1);
  auto arguments = std::make_shared<TokenArguments>();
  TokenArguments& a = *arguments;
  CLI::App* add = add_command(
      *token, action, "add", "Make a token for a user, who is made if missing, and print it, once",
      arguments, [](Accounts& accounts, const TokenArguments& given, std::stop_token stop) {
        return add_token(accounts, given, std::move(stop));
      });
  add->add_option("user", a.user, "The user's name")->required();
  add->add_flag("--write", a.options.may_write, "The token may write, not only read");
  add->add_option("--name", a.options.label, "What the token is for")->capture_default_str();
  CLI::Option* from_stdin =
      add->add_flag("--stdin", a.from_stdin, "Take the token from standard input instead");
  add->add_option("--output", a.output, "Write the token to this file (mode 0600) instead")
      ->excludes(from_stdin);
  add->footer(
      "Only the token's hash is kept. It does what its user may: read public repositories, those\n"
      "that name the user a reader, and all of the user's own (user/name) and of the user's\n"
      "organisations; with --write also change these.");
  add_command(*token, action, "list", "Print tokens: id, user, what they may, since when, name",
              arguments,
              [](Accounts& accounts, const TokenArguments& given, std::stop_token) {
                return print_tokens(accounts, given.user);
              })
      ->add_option("user", a.user, "This user's only");
  add_command(*token, action, "revoke", "End a token at once", arguments,
              [](Accounts& accounts, const TokenArguments& given, std::stop_token) {
                return accounts.revoke(given.id);
              })
      ->add_option("id", a.id, "The token's id, as `list` prints it")
      ->required();
}

}  // namespace

void add_account_commands(CLI::App& hub, Action& action) {
  add_user_commands(hub, action);
  add_organisation_commands(hub, action);
  add_token_commands(hub, action);
}

}  // namespace hubdist::cli
