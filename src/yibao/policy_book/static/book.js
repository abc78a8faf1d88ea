/* The policy book: language, light or dark, and the search. It asks nothing of any network. */
(function () {
  "use strict";
  const html = document.documentElement;
  const HAN = /[\u3400-\u9fff\uf900-\ufaff]/;

  function recall(key) {
    try { return localStorage.getItem("policy-book-" + key); } catch { return null; }
  }
  function remember(key, value) {
    try { localStorage.setItem("policy-book-" + key, value); } catch { /* kept for this page only */ }
  }

  // --- language and theme: at once, before anything is shown ---------------------------------

  const both = html.dataset.languages === "both";
  const asked = new URLSearchParams(location.search).get("lang");

  function speak(language) {
    html.dataset.lang = language;
    html.lang = language === "en" ? "en" : "zh-CN";
    const title = document.querySelector("title");
    if (title && title.dataset[language]) document.title = title.dataset[language];
    const box = document.getElementById("query");
    if (box) box.placeholder = box.dataset[language];
  }
  function known(language) { return language === "zh" || language === "en"; }

  let language = html.dataset.lang;
  if (both) {
    language = [asked, recall("language")].find(known) || language;
    if (known(asked)) remember("language", asked);
  }
  speak(language);
  if (recall("theme")) html.dataset.theme = recall("theme");

  document.addEventListener("DOMContentLoaded", function () {
    speak(language);
    const button = document.getElementById("language");
    if (button) button.addEventListener("click", function () {
      language = language === "zh" ? "en" : "zh";
      remember("language", language);
      speak(language);
      if (!panel.hidden) show();
    });
    document.getElementById("theme").addEventListener("click", function () {
      const now = html.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
      html.dataset.theme = now === "dark" ? "light" : "dark";
      remember("theme", html.dataset.theme);
    });
    // A browser that keeps a store for each file forgets the language: the address carries it.
    document.addEventListener("click", function (event) {
      const link = event.target.closest ? event.target.closest("a[href]") : null;
      if (!link || !both || recall("language") === language || language === "zh") return;
      const url = new URL(link.href);
      if (url.protocol !== location.protocol || url.pathname === location.pathname) return;
      url.searchParams.set("lang", language);
      link.href = url.href;
    });
    prepareSearch();
    const here = document.querySelector("nav.region [aria-current]");
    if (here) here.closest("nav").scrollLeft = Math.max(0, here.offsetLeft - 120);
    followArticles();
    unfold();
    addEventListener("hashchange", unfold);
    addEventListener("beforeprint", function () {
      document.querySelectorAll("details").forEach(function (one) { one.open = true; });
    });
  });

  /** A link to something inside a closed fold opens it. */
  function unfold() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target && target.closest("details");
    if (fold && !fold.open) { fold.open = true; target.scrollIntoView(); }
  }

  /** Marks the article being read in the list at the side. */
  function followArticles() {
    const links = new Map();
    document.querySelectorAll(".side a").forEach(function (a) { links.set(decodeURIComponent(a.hash.slice(1)), a); });
    if (!links.size || !("IntersectionObserver" in window)) return;
    const watch = new IntersectionObserver(function (seen) {
      const entry = seen.find(function (one) { return one.isIntersecting; });
      const link = entry && links.get(entry.target.id);
      if (!link) return;
      document.querySelectorAll(".side a.here").forEach(function (a) { a.classList.remove("here"); });
      link.classList.add("here");
    }, { rootMargin: "-15% 0px -70% 0px" });
    links.forEach(function (_, id) { const h = document.getElementById(id); if (h) watch.observe(h); });
  }

  // --- search --------------------------------------------------------------------------------

  let box, panel, list, found, index = null, hits = [], at = -1, asking = 0;
  const SHOWN = 60;

  function prepareSearch() {
    box = document.getElementById("query");
    panel = document.getElementById("panel");
    list = document.getElementById("results");
    found = document.getElementById("found");
    document.getElementById("search").addEventListener("submit", function (event) { event.preventDefault(); go(); });
    box.addEventListener("focus", load);
    box.addEventListener("input", show);
    box.addEventListener("keydown", keys);
    document.addEventListener("keydown", function (event) {
      const typing = /^(input|textarea|select)$/i.test(event.target.tagName) || event.target.isContentEditable;
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); box.focus(); box.select(); }
      if (event.key === "Escape" && !panel.hidden) close();
    });
    document.addEventListener("click", function (event) { if (!event.target.closest(".top")) close(); });
  }

  /** Loads the index once, from the disk. */
  function load() {
    if (index || asking) return;
    asking = 1;
    const script = document.createElement("script");
    script.src = html.dataset.root + "search-index.js";
    script.onload = function () { index = build(window.POLICY_BOOK); if (box.value) show(); };
    document.head.append(script);
  }

  function plain(text) {
    return text.normalize("NFKC").toLowerCase().replace(/(\d),(?=\d{3})/g, "$1");
  }

  /** Cuts a text into pairs of Chinese characters and words of other scripts. */
  function tokens(text) {
    const out = [];
    for (const run of text.match(/[\u3400-\u9fff\uf900-\ufaff]+|[a-z0-9_.%]+/g) || []) {
      if (!HAN.test(run)) { out.push(run.replace(/^\.+|\.+$/g, "")); continue; }
      if (run.length === 1) out.push(run);
      for (let i = 0; i + 1 < run.length; i++) out.push(run.slice(i, i + 2));
    }
    return out;
  }

  function build(data) {
    const postings = new Map();
    const entries = data.entries.map(function (row, n) {
      const entry = { kind: data.kinds[row[0]], url: row[1], region: data.regions[row[2]], title: { zh: row[3], en: row[5] }, text: { zh: row[4], en: row[6] } };
      entry.head = plain(row[3] + " " + row[5]);
      entry.all = entry.head + " " + plain(row[4] + " " + row[6]);
      for (const token of new Set(tokens(entry.all))) {
        const held = postings.get(token);
        if (held) held.push(n); else postings.set(token, [n]);
      }
      return entry;
    });
    return { entries: entries, postings: postings, words: [...postings.keys()] };
  }

  /** Which entries have a token: a pair as it is, a word by its beginning, a lone character anywhere. */
  function having(token) {
    if (HAN.test(token) && token.length > 1) return index.postings.get(token) || [];
    const fits = HAN.test(token) ? (w) => w.includes(token) : (w) => w.startsWith(token);
    const out = new Set();
    for (const word of index.words) if (fits(word)) for (const n of index.postings.get(word)) out.add(n);
    return out;
  }

  function search(query) {
    const terms = plain(query).split(/\s+/).filter(Boolean);
    const wanted = [...new Set(terms.flatMap(tokens))];
    if (!wanted.length) return [];
    const counts = new Map();
    for (const token of wanted) for (const n of having(token)) counts.set(n, (counts.get(n) || 0) + 1);
    const need = wanted.length < 3 ? wanted.length : Math.ceil(wanted.length * 0.6);
    const scored = [];
    for (const [n, count] of counts) {
      if (count < need) continue;
      const entry = index.entries[n];
      let score = 4 * count / wanted.length;
      for (const term of terms) score += entry.head.includes(term) ? 6 : entry.all.includes(term) ? 3 : 0;
      if (terms.length === 1 && entry.head.startsWith(terms[0])) score += 2;
      if (entry.region.id && entry.region.id === html.dataset.region) score += 1.5;
      scored.push([score, n]);
    }
    scored.sort(function (a, b) { return b[0] - a[0] || a[1] - b[1]; });
    return scored.map(function (one) { return index.entries[one[1]]; });
  }

  /** Puts a text into an element with what was searched for marked; never as markup. */
  function mark(element, text, terms) {
    const low = text.toLowerCase(); // of the same length as the text
    const spans = [];
    for (const term of terms) {
      for (let i = low.indexOf(term); i >= 0; i = low.indexOf(term, i + term.length)) spans.push([i, i + term.length]);
    }
    spans.sort(function (a, b) { return a[0] - b[0] || b[1] - a[1]; });
    let last = 0;
    for (const [from, to] of spans) {
      if (to <= last) continue;
      const begin = Math.max(from, last);
      element.append(text.slice(last, begin));
      const held = document.createElement("mark");
      held.textContent = text.slice(begin, to);
      element.append(held);
      last = to;
    }
    element.append(text.slice(last));
  }

  /** The part of a text around the first thing found in it. */
  function around(text, terms) {
    const low = text.toLowerCase();
    const places = terms.map(function (t) { return low.indexOf(t); }).filter(function (i) { return i >= 0; });
    const first = places.length ? Math.min(...places) : 0;
    const room = HAN.test(text) ? 30 : 60;
    const from = Math.max(0, first - room), to = Math.min(text.length, first + 3 * room);
    return (from ? "…" : "") + text.slice(from, to) + (to < text.length ? "…" : "");
  }

  function show() {
    load();
    const query = box.value.trim();
    if (!index || !query) { if (!query) close(); return; }
    hits = search(query);
    at = -1;
    const words = plain(query).split(/\s+/).filter(Boolean);
    const terms = [...new Set([...words, query.toLowerCase(), ...words.flatMap(tokens)])].filter(function (t) { return t.length > 1 || HAN.test(t); });
    list.textContent = "";
    hits.slice(0, SHOWN).forEach(function (entry, n) { list.append(item(entry, n, terms)); });
    found.textContent = language === "en"
      ? (hits.length ? hits.length + " found" + (hits.length > SHOWN ? ", the first " + SHOWN + " shown" : "") : "Nothing found for “" + query + "”")
      : (hits.length ? "找到 " + hits.length + " 处" + (hits.length > SHOWN ? "，显示前 " + SHOWN + " 处" : "") : "没有找到“" + query + "”");
    panel.hidden = false;
    box.setAttribute("aria-expanded", "true");
    box.removeAttribute("aria-activedescendant");
  }

  function item(entry, n, terms) {
    const li = document.createElement("li"), a = document.createElement("a");
    const kind = document.createElement("span"), title = document.createElement("span"), text = document.createElement("span");
    li.id = "hit-" + n; li.setAttribute("role", "option"); li.setAttribute("aria-selected", "false");
    a.href = html.dataset.root + entry.url.split("#").map(encodeURI).join("#"); a.tabIndex = -1;
    a.addEventListener("click", close);
    kind.className = "k"; kind.textContent = entry.kind[language] + (entry.region.id ? " · " + entry.region[language] : "");
    title.className = "t"; mark(title, entry.title[language], terms);
    text.className = "s";
    const other = language === "zh" ? "en" : "zh";
    const has = function (t) { const low = t.toLowerCase(); return terms.some(function (w) { return low.includes(w); }); };
    const shown = has(entry.text[language]) || has(entry.title[language]) || !has(entry.text[other]) ? entry.text[language] : entry.text[other];
    mark(text, around(shown, terms), terms);
    a.append(kind, title, text); li.append(a);
    return li;
  }

  function select(n) {
    const items = list.children;
    if (!items.length) return;
    if (at >= 0) items[at].setAttribute("aria-selected", "false");
    at = (n + items.length) % items.length;
    items[at].setAttribute("aria-selected", "true");
    items[at].scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", items[at].id);
  }

  function go() {
    const chosen = list.children[Math.max(at, 0)];
    if (chosen && !panel.hidden) chosen.querySelector("a").click();
  }

  function keys(event) {
    if (event.isComposing) return; // a Chinese word is still being typed
    if (event.key === "ArrowDown") { event.preventDefault(); if (panel.hidden) show(); else select(at + 1); }
    if (event.key === "ArrowUp") { event.preventDefault(); select(at < 0 ? -1 : at - 1); }
    if (event.key === "Enter") { event.preventDefault(); go(); }
  }

  function close() {
    panel.hidden = true;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }
})();
