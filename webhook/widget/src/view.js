// Draws messages. Text goes into the page as text only.

/** @typedef {import("./api.js").Message} Message */

/**
 * Makes an element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, string | boolean | undefined>} [set] attributes
 * @param {...(Node | string)} inside @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, set = {}, ...inside) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(set)) {
    if (value !== undefined && value !== false) e.setAttribute(name, value === true ? "" : value);
  }
  e.append(...inside);
  return e;
}

const shapes = {
  picture: "M4 5h16a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zm-1 12 6-6 5 5 3-3 4 4M15 9.5a1.5 1.5 0 1 0 3 0 1.5 1.5 0 1 0-3 0",
  up: "M7 11v9H4v-9zm0 8.500h9.500a2 2 0 0 0 2-1.600l1.300-6A2 2 0 0 0 17.800 9.500H14l.700-3.700a2 2 0 0 0-3.700-1.300L7 11.500",
};

/** A picture that needs no font. @param {keyof typeof shapes} shape @param {boolean} [turned] upside down */
export function icon(shape, turned) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  for (const [k, v] of [["viewBox", "0 0 24 24"], ["width", "22"], ["height", "22"], ["fill", "none"], ["stroke", "currentColor"], ["stroke-width", "1.7"], ["stroke-linejoin", "round"], ["aria-hidden", "true"]]) {
    svg.setAttribute(k || "", v || "");
  }
  const path = document.createElementNS(ns, "path");
  path.setAttribute("d", shapes[shape]);
  if (turned) path.setAttribute("transform", "rotate(180 12 12)");
  svg.append(path);
  return svg;
}

/** A small view of a picture: drawn, since the page's policy may refuse addresses of blobs. @param {Blob} file @param {string} label @param {() => void} [drawn] */
export function thumb(file, label, drawn = () => {}) {
  const canvas = el("canvas", { role: "img", "aria-label": label, width: "1", height: "1" });
  createImageBitmap(file).then((b) => {
    const scale = Math.min(1, 320 / b.width, 220 / b.height);
    canvas.width = Math.max(1, Math.round(b.width * scale));
    canvas.height = Math.max(1, Math.round(b.height * scale));
    canvas.getContext("2d")?.drawImage(b, 0, 0, canvas.width, canvas.height);
    drawn();
  }, () => {}); // the server says what is wrong with it
  return canvas;
}

const parts = /(https?:\/\/[^\s，。；）」】]+)|([0-9A-Z]{8,30})|(【[^】]{1,60}】)/g;

/** A line with links, values to copy, and titles. @param {string} line @param {(text: string) => void} copied */
function paragraph(line, copied) {
  const p = el("p");
  let end = 0;
  for (const m of line.matchAll(parts)) {
    p.append(line.slice(end, m.index));
    end = m.index + m[0].length;
    if (m[1]) {
      p.append(el("a", { href: m[1], target: "_blank", rel: "noopener noreferrer" }, m[1]));
    } else if (m[2]) {
      const value = el("button", { type: "button", class: "copy", title: "点一下复制", "aria-label": "复制 " + m[2] }, m[2]);
      value.addEventListener("click", () => copied(m[2] || ""));
      p.append(value);
    } else {
      p.append(el("b", {}, m[0]));
    }
  }
  p.append(line.slice(end));
  return p;
}

const shownLines = 7; // of a long text, before the rest is folded away

/** @param {string} text @param {(text: string) => void} copied @returns {Node[]} */
export function body(text, copied) {
  const lines = text.split("\n").filter((l) => l.trim());
  const ps = lines.map((l) => paragraph(l, copied));
  if (ps.length <= shownLines + 3) return ps;
  return [...ps.slice(0, shownLines), el("details", {}, el("summary", {}, "展开全部"), ...ps.slice(shownLines))];
}

/** @param {string} at */
export function clock(at) {
  const d = new Date(at), now = new Date();
  const time = d.toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
  return d.toDateString() === now.toDateString() ? time : `${d.getMonth() + 1}月${d.getDate()}日 ${time}`;
}

/**
 * The choices of a message. Several can be taken at once where the message says so: they go out as their numbers.
 * @param {Message} m
 * @param {(c: import("./api.js").Choice) => void} press @param {(text: string) => void} say
 */
export function choices(m, press, say) {
  const box = el("div", { class: "choices", role: "group", "aria-label": "可以选择" });
  const controls = el("div", { class: "controls" });
  let n = 0;
  /** @type {Set<number>} */
  const picked = new Set();
  for (const c of m.choices) {
    const b = el("button", { type: "button" });
    if (c.control) {
      b.textContent = c.label;
      b.addEventListener("click", () => press(c));
      controls.append(b);
      continue;
    }
    const number = ++n;
    b.textContent = number + ". " + c.label;
    if (m.many) {
      b.setAttribute("aria-pressed", "false");
      b.addEventListener("click", () => {
        if (!picked.delete(number)) picked.add(number);
        b.setAttribute("aria-pressed", String(picked.has(number)));
      });
    } else {
      b.addEventListener("click", () => press(c));
    }
    box.append(b);
  }
  if (m.many && n > 0) {
    const done = el("button", { type: "button" }, "选好了");
    done.addEventListener("click", () => picked.size && say([...picked].sort((a, b) => a - b).join(",")));
    box.append(done);
  }
  if (controls.childElementCount) box.append(controls);
  return box;
}
