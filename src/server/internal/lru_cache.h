// The most recently used of many things, up to so many bytes.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>

namespace hubdist::internal {

// Thread-safe. What is thrown out lives on where it is still held.
template <typename Key, typename Value>
class LruCache {
 public:
  explicit LruCache(std::size_t room) : room_(room) {}

  // Null when it is not there.
  std::shared_ptr<const Value> find(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }
  // `size`: bytes that it takes. What takes more than there is room for is not kept.
  void insert(const Key& key, std::shared_ptr<const Value> value, std::size_t size) {
    const std::lock_guard lock(mutex_);
    remove(key);
    if (size > room_) return;
    entries_.push_front({key, std::move(value), size});
    places_[key] = entries_.begin();
    used_ += size;
    while (used_ > room_) remove(Key(entries_.back().key));
  }
  void erase(const Key& key) {
    const std::lock_guard lock(mutex_);
    remove(key);
  }

 private:
  struct Entry {
    Key key;
    std::shared_ptr<const Value> value;
    std::size_t size;
  };
  void remove(const Key& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    used_ -= found->second->size;
    entries_.erase(found->second);
    places_.erase(found);
  }

  const std::size_t room_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the most recently used first
  std::map<Key, typename std::list<Entry>::iterator> places_;
  std::size_t used_ = 0;
};

}  // namespace hubdist::internal
