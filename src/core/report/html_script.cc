#include "core/report/html_parts.h"

namespace hubdist::report {
namespace {

constexpr std::string_view kScript = R"js((() => {
'use strict';
const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const exact = n => n.toLocaleString('en');
const bytes = n => {
  if (n < 1000) return n + ' B';
  let v = n / 1000, u = 0;
  while (v >= 999.5 && u < 5) { v /= 1000; u++; }
  return v.toFixed(v < 9.995 ? 2 : v < 99.95 ? 1 : 0) + ' ' + UNITS[u];
};
const element = (tag, text, style) => {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (style) e.className = style;
  return e;
};
// The first index whose value is over `x`, in a list that rises.
const above = (list, x, of) => {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    of(list[middle]) > x ? high = middle : low = middle + 1;
  }
  return low;
};

// New and known ranges in turn, over the whole file.
function segments(file) {
  const out = [];
  let at = 0;
  for (let i = 0; i < file.ranges.length; i += 2) {
    const [begin, end] = [file.ranges[i], file.ranges[i + 1]];
    if (begin > at) out.push({begin: at, end: begin, fresh: false});
    out.push({begin, end, fresh: true});
    at = end;
  }
  if (at < file.size) out.push({begin: at, end: file.size, fresh: false});
  return out;
}

// What lies in a segment: the region at `at` first, then how many more.
function places(file, segment, at) {
  const regions = file.regions;
  const first = Math.max(0, above(regions, segment.begin, r => r[2]) - 1);
  const last = above(regions, segment.end - 1, r => r[2]);
  const inside = regions.slice(first, last).filter(r => r[3] > segment.begin);
  if (!inside.length) return null;
  const here = inside.find(r => r[2] <= at && at < r[3]) || inside[0];
  return {name: here[0], detail: here[1], more: inside.length - 1};
}

function strip(root, file, hint) {
  const article = root.querySelector('#' + file.id);
  const box = article && article.querySelector('.strip');
  if (!box || !file.size) return;
  const readout = article.querySelector('.readout');
  const all = segments(file);
  const summary = box.getAttribute('aria-label');
  const here = box.appendChild(element('span', undefined, 'here'));
  let index = 0;

  const rest = () => {
    here.hidden = true;
    readout.replaceChildren();
    if (hint) readout.append('Point at the strip, or focus it and press ',
      element('kbd', '\u2190'), ' ', element('kbd', '\u2192'), '.');
  };
  const show = (i, at) => {
    const s = all[index = i];
    const place = places(file, s, at);
    const what = s.fresh ? 'New' : 'Known';
    const where = (file.exact ? 'bytes ' : 'about bytes ') + exact(s.begin) + ' to ' + exact(s.end);
    here.hidden = false;
    here.style.left = `min(${100 * s.begin / file.size}%, 100% - 2px)`;
    here.style.width = 100 * (s.end - s.begin) / file.size + '%';
    readout.replaceChildren(element('span', undefined, 'swatch ' + what.toLowerCase()),
      element('b', what + ' ' + bytes(s.end - s.begin)), ', ' + where);
    let spoken = what + ', ' + bytes(s.end - s.begin) + ', ' + where;
    if (place) {
      const more = place.more ? ' and ' + exact(place.more) + ' more' : '';
      const detail = place.detail ? ' (' + place.detail + ')' : '';
      readout.append(', in ', element('bdi', place.name), detail + more);
      spoken += ', in ' + place.name + more;
    }
    box.setAttribute('aria-valuenow', i + 1);
    box.setAttribute('aria-valuetext', spoken);
  };
  const middle = i => (all[i].begin + all[i].end) / 2;

  box.setAttribute('role', 'slider');
  box.setAttribute('aria-label', 'Ranges of the file: ' + summary);
  box.setAttribute('aria-readonly', 'true');
  box.setAttribute('aria-valuemin', 1);
  box.setAttribute('aria-valuemax', all.length);
  box.setAttribute('aria-valuenow', 1);
  box.setAttribute('aria-valuetext', summary);
  readout.hidden = false;
  rest();

  const point = event => {
    const area = box.getBoundingClientRect();
    const at = Math.min(Math.max((event.clientX - area.left) / area.width, 0), .999999) * file.size;
    const reach = 1.5 * file.size / area.width;
    let i = above(all, at, s => s.begin) - 1;
    // A new range finer than a pixel is found from beside it.
    for (const j of [i - 1, i + 1])
      if (!all[i].fresh && all[j] && all[j].begin - reach < at && at < all[j].end + reach) i = j;
    show(i, at);
  };
  box.addEventListener('pointermove', point);
  box.addEventListener('pointerdown', point);
  box.addEventListener('pointerleave', () => { if (document.activeElement !== box) rest(); });
  box.addEventListener('focus', () => { if (here.hidden) show(index, middle(index)); });
  box.addEventListener('blur', rest);
  box.addEventListener('keydown', event => {
    const steps = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10,
      PageDown: -10, Home: -all.length, End: all.length};
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const i = Math.min(Math.max(index + step, 0), all.length - 1);
    show(i, middle(i));
  });
}

function sortable(table) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = element('button', head.textContent);
    button.type = 'button';
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const old = head.getAttribute('aria-sort');
      const down = old ? old === 'ascending' : head.hasAttribute('data-number');
      heads.forEach(h => h.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const key = row => {
        const cell = row.cells[column];
        return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
      };
      const rows = [...body.rows].map(row => [key(row), row]);
      const order = ([a], [b]) => typeof a === 'number' ? a - b : a < b ? -1 : a > b ? 1 : 0;
      rows.sort((a, b) => down ? order(b, a) : order(a, b));
      body.append(...rows.map(([, row]) => row));
    });
  });
}

function filter(files) {
  const tools = files.querySelector('.tools');
  if (!tools) return;
  const [text, only] = tools.querySelectorAll('input');
  const rows = [...files.querySelector('tbody').rows].map(r => [r.cells[0].textContent.toLowerCase(), r]);
  const apply = () => {
    const wanted = text.value.toLowerCase();
    let shown = 0;
    for (const [name, row] of rows) {
      row.hidden = !name.includes(wanted) || (only.checked && !row.hasAttribute('data-new'));
      shown += !row.hidden;
    }
    tools.querySelector('output').textContent = exact(shown) + ' of ' + exact(rows.length) + ' files';
  };
  tools.addEventListener('input', apply);
  tools.hidden = false;
  apply();
}

function theme(root) {
  const button = root.querySelector('.theme');
  const order = ['auto', 'light', 'dark'];
  button.hidden = false;
  button.addEventListener('click', () => {
    const next = order[(order.indexOf(root.dataset.theme || 'auto') + 1) % 3];
    next === 'auto' ? delete root.dataset.theme : root.dataset.theme = next;
    button.textContent = 'Theme: ' + next;
  });
}

for (const root of document.querySelectorAll('.hubdist-dedupe:not([data-ready])')) {
  root.dataset.ready = '';
  const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  theme(root);
  data.figures.forEach((file, i) => strip(root, file, i === 0));
  root.querySelectorAll('table.sortable').forEach(sortable);
  root.querySelectorAll('.files').forEach(filter);
}
})();)js";

}  // namespace

std::string_view script_text() { return kScript; }

}  // namespace hubdist::report
