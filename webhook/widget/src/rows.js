// The rows of the log: messages, what is being sent, and what can be done about them.

import { Problem } from "./api.js";
import { body, choices, clock, el, icon, thumb } from "./view.js";

/** @typedef {import("./api.js").Message} Message @typedef {import("./api.js").Outgoing} Outgoing */

export class Rows {
  /** @param {import("./app.js").Widget} w */
  constructor(w) { this.w = w; }

  /** @param {Message[]} list */
  show(list) {
    /** @type {Map<string, HTMLElement>} */
    const had = new Map();
    for (const e of this.w.log.children) if (e instanceof HTMLElement && e.dataset.key) had.set(e.dataset.key, e);
    const waiting = this.w.keep.waiting().filter((w) => !list.some((m) => m.client === w.id));
    /** @type {HTMLElement[]} */
    const rows = [];
    /** @param {string} key @param {string} state @param {() => HTMLElement} make */
    const row = (key, state, make) => { // drawn anew only if it changed: what is being read stays
      let e = had.get(key);
      if (e && e.dataset.state === "true," + state.slice(6) && state.startsWith("false,")) { // only its choices are gone
        e.querySelector(".choices")?.remove();
        e.dataset.state = state;
      }
      if (!e || e.dataset.state !== state) {
        e = make();
        e.dataset.key = key;
        e.dataset.state = state;
      }
      rows.push(e);
    };
    if (this.w.more) row("older", "", () => this.olderButton());
    if (this.w.over) row("over", "", () => el("p", { class: "over" }, "上一个对话已结束。有新的问题，直接说就行。"));
    if (this.w.hello && !this.w.more) {
      const g = this.w.hello.greeting;
      row("greeting", (!list.length && !waiting.length) + ",", () => this.messageRow(g, !list.length && !waiting.length));
    }
    /** The last offer, until somebody says something. @type {Message | undefined} */
    let offer;
    if (!waiting.length) for (const m of list) if (m.from !== "bot") offer = undefined; else if (m.choices.length || m.picture) offer = m;
    for (const m of list) {
      const live = m === offer;
      row("m" + m.seq, [live, m.rated, m.client && this.w.pictures.has(m.client)].join(), () => this.messageRow(m, live));
    }
    for (const w of waiting) row("w" + w.id, this.w.failed.get(w.id) || "", () => this.waitingRow(w));
    if (this.w.waitingReply && !this.w.trouble) row("typing", "", () => el("div", { class: "typing" }, "正在输入…"));
    // Only what is new is put in, or it would all be read aloud again.
    for (const e of [...this.w.log.children]) if (!(e instanceof HTMLElement) || !rows.includes(e)) e.remove();
    rows.forEach((e, i) => { if (this.w.log.children[i] !== e) this.w.log.insertBefore(e, this.w.log.children[i] || null); });
  }

  olderButton() {
    const b = el("button", { type: "button", class: "older" }, "查看更早的消息");
    b.addEventListener("click", async () => {
      const tall = this.w.log.scrollHeight;
      try {
        const past = await this.w.api.history(Math.min(...this.w.messages.keys()));
        this.w.more = past.more;
        past.messages.forEach((m) => this.w.add(m));
      } catch (err) {
        this.w.trouble = err instanceof Problem ? err.message : "";
      }
      this.w.show();
      this.w.log.scrollTop += this.w.log.scrollHeight - tall;
    });
    return b;
  }

  /** @param {Message} m @param {boolean} live its choices can be pressed */
  messageRow(m, live) {
    const who = { visitor: "您", bot: "智能助手", staff: "人工客服" }[m.from];
    const text = (m.client && this.w.words.get(m.client)) || m.text.replace(/^［(.*)］$/, "$1");
    const bubble = el("div", { class: "bubble" }, el("span", { class: "sr" }, who + "："));
    const picture = m.client && this.w.pictures.get(m.client);
    if (picture) bubble.append(thumb(picture, "您发送的图片"));
    else if (!m.file || text !== "图片") bubble.append(...body(text, (value) => this.copy(value)));
    if (m.file) bubble.append(this.shot(m.file));
    const meta = el("div", { class: "meta" }, el("span", {}, (m.from === "staff" ? "人工客服 " : "") + clock(m.at) + (m.from === "visitor" ? " 已发送" : "")));
    if (m.link) meta.append(el("a", { href: m.link.href, target: "_blank", rel: "noopener" }, m.link.label));
    if (m.rate) this.ratings(m, meta);
    const row = el("div", { class: "row " + m.from }, bubble);
    if (m.id !== "0") row.append(meta);
    if (live && (m.choices.length || m.picture)) row.append(this.choices(m));
    return row;
  }

  /** A picture that the staff sent; it is saved when it is pressed. @param {{href: string, name: string}} file */
  shot(file) {
    const b = el("button", { type: "button", class: "shot" }, "图片加载中…");
    const load = async () => {
      try {
        const blob = await this.w.api.file(file.href);
        b.replaceChildren(thumb(blob, "人工客服发来的图片，点一下保存", () => this.w.toEnd(b.offsetHeight)));
        b.onclick = () => this.w.store(blob, file.name + "." + blob.type.replace(/.*\//, ""));
      } catch (err) {
        b.textContent = err instanceof Problem && !err.passing ? err.message : "图片没有加载出来，点一下重试。";
        b.onclick = load;
      }
    };
    load();
    return b;
  }

  /** What can be done about a message. @param {Message} m */
  choices(m) {
    const box = choices(m, (c) => c.file ? this.w.download(c.file) : this.w.say(c.token.startsWith("t:") ? { text: c.token.slice(2) } : { choice: c.token, label: c.label }), (text) => this.w.say({ text }));
    if (m.picture) box.prepend(el("button", { type: "button", class: "pick" }, "选择图片"));
    box.querySelector(".pick")?.addEventListener("click", () => this.w.file.click());
    return box;
  }

  /** @param {Message} m @param {HTMLElement} meta */
  ratings(m, meta) {
    if (m.rated) {
      meta.append(el("span", {}, m.rated === "helpful" ? "谢谢，有帮助" : "谢谢反馈，没帮上忙"));
      return;
    }
    for (const [label, turned, helpful] of /** @type {const} */ ([["有帮助", false, true], ["没帮助", true, false]])) {
      const b = el("button", { type: "button", class: "thumb", "aria-label": label, title: label }, icon("up", turned));
      b.addEventListener("click", () => this.w.rate(m, helpful));
      meta.append(b);
    }
  }

  /** @param {Outgoing} w */
  waitingRow(w) {
    const wrong = this.w.failed.get(w.id);
    const meta = el("div", { class: "meta" }, el("span", { class: wrong ? "bad" : "" }, wrong ? "发送失败：" + wrong : "发送中…"));
    if (wrong) {
      const again = el("button", { type: "button" }, "重试");
      again.addEventListener("click", () => { this.w.failed.delete(w.id); this.w.show(); this.w.flush(); });
      const gone = el("button", { type: "button" }, "删除");
      gone.addEventListener("click", () => { this.w.keep.done(w.id); this.w.show(); });
      meta.append(again, gone);
    }
    return el("div", { class: "row visitor" }, el("div", { class: "bubble" }, ...body(w.text || w.label || "", () => {})), meta);
  }

  /** @param {string} value */
  async copy(value) {
    try {
      await navigator.clipboard.writeText(value);
      this.w.note("已复制 " + value);
    } catch {
      this.w.note("复制不了，请长按选择。");
    }
    setTimeout(() => this.w.note(""), 2000);
  }
}
