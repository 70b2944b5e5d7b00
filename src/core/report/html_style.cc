#include "core/report/html_parts.h"
#include <hubdist/base/strings.h>

namespace hubdist::report {
namespace {

// New and known differ in hue along blue and orange, and in lightness: both hold for every common
// form of colour blindness and in print.
constexpr std::string_view kLight =
    "--paper:#fcfcfa;--raised:#f3f3ef;--ink:#1c2024;--soft:#5b636c;--line:#dedfda;--known:#c3ced9;"
    "--new:#c2460a;--even:#dfe3e6;--odd:#ccd2d8;--meta:#a3adb8;--focus:#1d5fbf;"
    "--label:#3a424b;color-scheme:light;";
constexpr std::string_view kDark =
    "--paper:#131618;--raised:#1c2023;--ink:#e7e9ea;--soft:#98a1a9;--line:#2d3338;--known:#3b4752;"
    "--new:#ff9a5c;--even:#262c31;--odd:#323a41;--meta:#4d5862;--focus:#82b4ff;"
    "--label:#b9c1c8;color-scheme:dark;";

constexpr std::string_view kText = R"css(
.hubdist-dedupe{color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums;text-align:start;overflow-wrap:break-word}
.hubdist-dedupe.page{background:var(--paper);min-height:100vh;box-sizing:border-box;padding:clamp(20px,5vw,64px) max(16px,calc((100vw - 1040px)/2)) 48px}
.hubdist-dedupe:not(.page){background:var(--paper);padding:20px 24px;border-radius:8px;max-width:1088px}
.hubdist-dedupe:not(.page) h1{font-size:24px}
.hubdist-dedupe *{box-sizing:border-box}
.hubdist-dedupe :is(h1,h2,h3,p,dl,dd,figure,ul){margin:0;padding:0}
.hubdist-dedupe h1{font-size:clamp(24px,4vw,36px);font-weight:650;line-height:1.2;letter-spacing:-.015em;margin:2px 0 12px;overflow-wrap:anywhere;text-wrap:balance;color:inherit;background:none;border:0}
.hubdist-dedupe h2{font-size:20px;font-weight:650;line-height:1.3;letter-spacing:-.01em;margin:0 0 4px;overflow-wrap:anywhere}
.hubdist-dedupe h3{font:600 15px/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere;margin:0 0 10px}
.hubdist-dedupe header{position:relative;padding-bottom:8px}
.hubdist-dedupe section{margin-top:48px}
.hubdist-dedupe .before{margin-top:20px}
.hubdist-dedupe .kicker{color:var(--soft);font-size:13px;letter-spacing:.02em}
.hubdist-dedupe .lead{font-size:18px;color:var(--soft);max-width:44em}
.hubdist-dedupe .lead b{color:var(--new);font-weight:650}
.hubdist-dedupe .aside{color:var(--soft);font-size:14px}
.hubdist-dedupe code{font:13px ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;color:var(--soft);background:none;padding:0}
.hubdist-dedupe .theme{position:absolute;top:0;inset-inline-end:0;font:inherit;font-size:13px;color:var(--soft);background:none;border:1px solid var(--line);border-radius:6px;padding:3px 10px;cursor:pointer}
.hubdist-dedupe .theme:hover{color:var(--ink);border-color:var(--soft)}
.hubdist-dedupe :focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.hubdist-dedupe .race{margin:28px 0 8px;display:grid;gap:8px}
.hubdist-dedupe .race-row{display:grid;grid-template-columns:6.5em 1fr;align-items:center;gap:12px}
.hubdist-dedupe .race dt{color:var(--soft);font-weight:400}
.hubdist-dedupe .race dd{display:flex;align-items:center;gap:10px}
.hubdist-dedupe .race-bar{height:22px;min-width:2px;border-radius:2px;flex:0 1 auto;max-width:calc(100% - 6em)}
.hubdist-dedupe .race b{font-weight:600;white-space:nowrap}
.hubdist-dedupe .is-new{background:var(--new)}
.hubdist-dedupe .is-known{background:var(--known)}
.hubdist-dedupe .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:16px 24px;border-block:1px solid var(--line);margin-top:28px;padding:14px 0 16px}
.hubdist-dedupe :is(.cards,.facts) dt{color:var(--soft);font-size:13px;font-weight:400}
.hubdist-dedupe .cards dd{font-size:24px;font-weight:600;line-height:1.3;letter-spacing:-.01em}
.hubdist-dedupe .cards small{display:block;font-size:13px;font-weight:400;letter-spacing:0;color:var(--soft)}
.hubdist-dedupe .facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(88px,1fr));gap:8px 16px;margin-bottom:14px}
.hubdist-dedupe .facts dd{font-weight:500}
.hubdist-dedupe article{margin-top:32px;padding-top:20px;border-top:1px solid var(--line);content-visibility:auto;contain-intrinsic-size:auto 320px}
.hubdist-dedupe .legend+article{margin-top:12px;padding-top:0;border-top:0}
.hubdist-dedupe .tag{display:inline-block;font:500 12px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;color:var(--soft);border:1px solid var(--line);border-radius:4px;padding:0 6px;margin-inline-end:6px;vertical-align:1px}
.hubdist-dedupe .tag:is(.changed,.added){color:var(--new);border-color:currentColor}
.hubdist-dedupe .about{margin-bottom:10px}
.hubdist-dedupe .legend{display:flex;flex-wrap:wrap;gap:4px 22px;color:var(--soft);font-size:14px;margin-top:20px}
.hubdist-dedupe .swatch{width:14px;height:14px;border-radius:2px;display:inline-block;margin-inline-end:7px;vertical-align:-2px;forced-color-adjust:none}
.hubdist-dedupe .swatch.new{background:var(--new)}
.hubdist-dedupe .swatch.known{background:var(--known)}
.hubdist-dedupe .swatch.both{background:linear-gradient(var(--known) 50%,var(--new) 50%)}
.hubdist-dedupe svg{display:block;width:100%;height:100%;overflow:hidden;forced-color-adjust:none}
.hubdist-dedupe path.known{fill:var(--known)}
.hubdist-dedupe path.new{fill:var(--new);stroke:var(--new);stroke-width:.8px;vector-effect:non-scaling-stroke}
.hubdist-dedupe path.frame{fill:none;stroke:var(--line);stroke-width:2px;vector-effect:non-scaling-stroke}
.hubdist-dedupe path.even{fill:var(--even)}
.hubdist-dedupe path.odd{fill:var(--odd)}
.hubdist-dedupe path.meta{fill:var(--meta)}
.hubdist-dedupe path.many{fill:var(--odd);fill-opacity:.75}
.hubdist-dedupe path.touched{fill:var(--new);stroke:var(--new);stroke-width:.6px;vector-effect:non-scaling-stroke}
.hubdist-dedupe .strip{position:relative;height:44px;border-radius:3px;overflow:hidden;touch-action:pan-y;cursor:crosshair}
.hubdist-dedupe .strip:focus-visible{overflow:visible}
.hubdist-dedupe .here{position:absolute;top:0;bottom:0;min-width:2px;pointer-events:none;box-shadow:inset 0 0 0 1.5px var(--ink);border-radius:2px;forced-color-adjust:none}
.hubdist-dedupe .band{position:relative;height:22px;margin-top:3px;border-radius:3px;overflow:hidden}
.hubdist-dedupe .band span{position:absolute;top:0;padding:0 6px;font-size:11.5px;line-height:19px;color:var(--label);white-space:nowrap;overflow:hidden;text-overflow:ellipsis;pointer-events:none}
.hubdist-dedupe .axis{position:relative;height:22px;font-size:12px;color:var(--soft);border-top:1px solid var(--line);margin-top:5px}
.hubdist-dedupe .axis span{position:absolute;padding-inline-start:4px;border-inline-start:1px solid var(--line);line-height:18px;white-space:nowrap}
.hubdist-dedupe .axis .last{right:0;padding-inline:0 4px;border-inline:0 solid;border-inline-end:1px solid var(--line)}
.hubdist-dedupe .readout{min-height:25px;padding-top:2px;font-size:14px;color:var(--soft)}
.hubdist-dedupe .readout b{color:var(--ink);font-weight:600}
.hubdist-dedupe .readout kbd{font:inherit;border:1px solid var(--line);border-radius:4px;padding:0 5px}
.hubdist-dedupe .changes{margin-top:8px;max-width:60em;overflow-wrap:anywhere}
.hubdist-dedupe .remark{margin-top:10px;padding-inline-start:12px;border-inline-start:3px solid var(--line);max-width:56em;color:var(--soft);font-size:14px}
.hubdist-dedupe .remark b{color:var(--ink);font-weight:600}
.hubdist-dedupe .remark.advice{border-color:var(--new)}
.hubdist-dedupe details{margin-top:10px}
.hubdist-dedupe summary{cursor:pointer;color:var(--soft);font-size:14px}
.hubdist-dedupe summary:hover{color:var(--ink)}
.hubdist-dedupe summary h2{display:inline;color:var(--ink);margin-inline:4px 10px}
.hubdist-dedupe .scroll{overflow-x:auto;margin-top:12px}
.hubdist-dedupe table{border-collapse:collapse;font-size:14px;margin:0;border:0;color:inherit}
.hubdist-dedupe table.numbers{width:100%}
.hubdist-dedupe caption{text-align:start;color:var(--soft);font-size:13px;padding:4px 0;caption-side:top}
.hubdist-dedupe :is(th,td){padding:7px 0 7px 20px;text-align:end;white-space:nowrap;border:0;border-bottom:1px solid var(--line);font-weight:400;vertical-align:top;background:none}
.hubdist-dedupe :is(th,td):first-child{padding-inline-start:0;text-align:start}
.hubdist-dedupe thead th{color:var(--soft);font-size:13px;vertical-align:bottom}
.hubdist-dedupe tbody th{white-space:normal;overflow-wrap:anywhere;min-width:13em;max-width:26em;text-align:start}
.hubdist-dedupe tfoot :is(th,td){font-weight:600;border-bottom:0}
.hubdist-dedupe tbody small{display:block;color:var(--soft);font-size:13px}
.hubdist-dedupe thead button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer;white-space:nowrap}
.hubdist-dedupe thead button:hover{color:var(--ink)}
.hubdist-dedupe [aria-sort=ascending] button::after{content:" \2191"}
.hubdist-dedupe [aria-sort=descending] button::after{content:" \2193"}
.hubdist-dedupe .mini{width:120px;height:12px;margin-top:5px;border-radius:2px}
.hubdist-dedupe .tools:not([hidden]){display:flex;flex-wrap:wrap;gap:8px 20px;align-items:center;margin-top:16px;font-size:14px;color:var(--soft)}
.hubdist-dedupe .tools input[type=search]{font:inherit;color:var(--ink);background:var(--raised);border:1px solid var(--line);border-radius:6px;padding:4px 10px;width:min(22em,60vw);margin-inline-start:6px}
.hubdist-dedupe .tools input[type=checkbox]{accent-color:var(--new)}
.hubdist-dedupe ul{padding-inline-start:1.2em;max-width:56em;color:var(--soft)}
.hubdist-dedupe li{margin-top:4px}
.hubdist-dedupe footer{margin-top:56px;padding-top:14px;border-top:1px solid var(--line);color:var(--soft);font-size:13px}
@media(max-width:560px){.hubdist-dedupe .race-row{grid-template-columns:1fr;gap:2px}.hubdist-dedupe .theme{position:static;float:inline-end}.hubdist-dedupe .axis span:is(:nth-child(even),.late):not(.last){display:none}}
@media print{.hubdist-dedupe :is(.theme,.tools,.readout){display:none}.hubdist-dedupe article{break-inside:avoid}}
)css";

}  // namespace

std::string style_text() {
  // Notebooks say which theme they are in; what they say goes before what the system prefers.
  return concat(".hubdist-dedupe{", kLight, "}@media(prefers-color-scheme:dark){.hubdist-dedupe{",
                kDark, "}}:is([data-jp-theme-light=true],.vscode-light) .hubdist-dedupe{", kLight,
                "}:is([data-jp-theme-light=false],.vscode-dark) .hubdist-dedupe{", kDark,
                "}.hubdist-dedupe.hubdist-dedupe[data-theme=light]{", kLight,
                "}.hubdist-dedupe.hubdist-dedupe[data-theme=dark]{", kDark, "}", kText);
}

}  // namespace hubdist::report
