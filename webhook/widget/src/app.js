// The chat itself: what is shown, sent, and heard.

import { Api, Problem } from "./api.js";
import { Keep } from "./keep.js";
import { css } from "./style.js";
import { Rows } from "./rows.js";
import { el, icon, thumb } from "./view.js";

/** @typedef {import("./api.js").Message} Message @typedef {import("./api.js").Outgoing} Outgoing */
/** @typedef {{base: string, page: string, user: string, preview: string, open: boolean}} Settings */

const maxPicture = 10 * 1024 * 1024;
const device = matchMedia("(max-width: 820px), (pointer: coarse)").matches ? "phone" : "pc";

/** Where a keyboard comes up by itself, it does so only when the person wants to type. */
const touch = matchMedia("(pointer: coarse)").matches;

/** Keyboards for what is asked. @type {Record<string, string>} */
const keyboards = { code: "numeric", tel: "tel", decimal: "decimal", number: "numeric" };

/** A name that nobody else makes; where the page came without HTTPS there is no randomUUID. */
const unique = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

/** @param {number} ms @param {AbortSignal} [wake] */
const pause = (ms, wake) => new Promise((done) => {
  const t = setTimeout(done, ms);
  wake?.addEventListener("abort", () => { clearTimeout(t); done(undefined); }, { once: true });
});

export class Widget {
  badge = el("span", { class: "badge", hidden: true });
  launch = el("button", { class: "launch", type: "button", "aria-haspopup": "dialog" }, el("span", {}, "问智能助手"), this.badge);
  title = el("h2", { id: "t" }, "智能助手");
  human = el("button", { type: "button" }, "转人工");
  finish = el("button", { type: "button" }, "结束");
  close = el("button", { type: "button", "aria-label": "收起" }, "✕");
  state = el("p", { class: "state", role: "status", hidden: true });
  log = el("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": "对话", tabindex: "0" });
  preview = el("div", { class: "preview", hidden: true });
  input = el("textarea", { rows: "1", "aria-label": "输入问题或粘贴提示", placeholder: "输入问题或粘贴提示", enterkeyhint: "send", maxlength: "4000" });
  file = el("input", { type: "file", accept: "image/png,image/jpeg", hidden: true });
  attach = el("button", { type: "button", class: "attach", "aria-label": "发送图片" }, icon("picture"));
  send = el("button", { type: "submit", class: "send" }, "发送");
  form = el("form", {}, this.attach, this.file, this.input, this.send);
  panel = el("section", { class: "panel", role: "dialog", "aria-labelledby": "t", hidden: true },
    el("header", {}, this.title, this.human, this.finish, this.close), this.state, this.log, this.preview, this.form);
  flushing = false;

  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = settings;
    this.api = new Api(settings.base);
    this.keep = new Keep(settings.base + (settings.preview ? "preview" : ""));
    /** @type {Map<number, Message>} */
    this.messages = new Map();
    /** @type {Map<string, string>} own words, which the server keeps masked */
    this.words = new Map();
    /** @type {Map<string, File>} pictures sent from here, by message id */
    this.pictures = new Map();
    /** @type {Map<string, string>} why a message could not be sent */
    this.failed = new Map();
    this.cursor = 0;
    this.more = false;
    this.opened = false;
    this.begun = false;
    this.over = false; // a conversation was ended here
    this.hello = /** @type {import("./api.js").Hello | null} */ (null);
    this.desk = /** @type {import("./api.js").Desk | null} */ (null);
    this.trouble = "";
    this.waitingReply = 0;
    this.wake = new AbortController();
    this.stream = new AbortController();
    this.picture = /** @type {File | null} */ (null);
    this.rows = new Rows(this);
    this.draw();
    this.listen();
    if (settings.open || this.keep.data.open) this.open();
    else if (this.keep.data.token) this.begin();
  }

  draw() {
    const host = el("div", { id: "signdesk" });
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
    root.append(this.launch, this.panel);
    document.body.append(host);
    this.input.value = this.keep.data.draft || "";
  }

  listen() {
    this.launch.addEventListener("click", () => this.open());
    this.close.addEventListener("click", () => this.shut());
    this.human.addEventListener("click", () => this.say({ choice: "c:human", label: "转人工" }));
    this.finish.addEventListener("click", () => this.endTalk());
    this.panel.addEventListener("keydown", (e) => { if (e.key === "Escape") this.shut(); });
    this.form.addEventListener("submit", (e) => { e.preventDefault(); this.submit(); });
    this.input.addEventListener("input", () => { this.keep.set({ draft: this.input.value }); this.grow(); });
    this.input.addEventListener("keydown", (e) => {
      if (e.key === "Enter" && !e.shiftKey && !e.isComposing && e.keyCode !== 229) { // not while Chinese is being composed
        e.preventDefault();
        this.submit();
      }
    });
    this.input.addEventListener("paste", (e) => {
      const f = [...(e.clipboardData?.files || [])].find((f) => f.type.startsWith("image/"));
      if (f) { e.preventDefault(); this.take(f); }
    });
    this.attach.addEventListener("click", () => this.file.click());
    this.file.addEventListener("change", () => { const f = this.file.files?.[0]; if (f) this.take(f); this.file.value = ""; });
    this.panel.addEventListener("dragover", (e) => { e.preventDefault(); this.panel.classList.add("drop"); });
    this.panel.addEventListener("dragleave", () => this.panel.classList.remove("drop"));
    this.panel.addEventListener("drop", (e) => {
      e.preventDefault();
      this.panel.classList.remove("drop");
      const f = e.dataTransfer?.files[0];
      if (f) this.take(f);
    });
    const again = () => { if (document.visibilityState === "visible") this.wake.abort(); };
    addEventListener("online", again);
    addEventListener("offline", () => this.stream.abort()); // does not end by itself for long
    document.addEventListener("visibilitychange", again);
    addEventListener("storage", (e) => {
      if (!e.key?.startsWith(this.keep.name)) return;
      const before = this.keep.data.token;
      this.keep.load();
      if (this.begun && this.keep.data.token !== before) this.anew(); // another tab began or ended the conversation
      else if (!this.begun && this.keep.data.token) this.begin();
      this.show();
    });
    document.addEventListener("click", (e) => {
      const a = e.composedPath().find((n) => n instanceof HTMLAnchorElement);
      if (a instanceof HTMLAnchorElement && a.getAttribute("href") === "#signdesk-open") {
        e.preventDefault();
        this.open(a.dataset.page);
      }
    });
    visualViewport?.addEventListener("resize", () => this.panel.style.setProperty("--tall", Math.round(visualViewport?.height || innerHeight) + "px"));
  }

  /** @param {string} [page] that the person reads */
  open(page) {
    if (page) this.settings.page = page;
    this.opened = true;
    this.panel.hidden = false;
    this.launch.hidden = true;
    this.keep.set({ open: true });
    this.begin();
    this.show();
    this.bottom();
    (touch ? this.log : this.input).focus();
  }

  shut() {
    this.opened = false;
    this.panel.hidden = true;
    this.launch.hidden = false;
    this.keep.set({ open: false });
    this.show();
    this.launch.focus();
  }

  begin() {
    if (this.begun) return;
    this.begun = true;
    this.run();
  }

  /** Forgets the conversation that is shown, and takes up the one that is kept. */
  anew() {
    this.messages.clear();
    this.cursor = 0;
    this.hello = null;
    this.desk = null;
    this.api.token = "";
    this.stream.abort();
    this.wake.abort();
  }

  /** Stays connected for as long as the page lives. */
  async run() {
    for (let tries = 0; ;) {
      this.wake = new AbortController();
      const began = Date.now();
      try {
        if (!this.hello) await this.greet();
        this.stream = new AbortController();
        this.trouble = "";
        this.show();
        this.flush();
        await this.hear();
        tries = Date.now() - began > 5000 ? 0 : tries + 1;
      } catch (err) {
        tries++;
        if (err instanceof Problem && (err.code === "unauthorized" || err.code === "ended")) {
          this.keep.set({ token: "" });
          this.anew();
        } else if (err instanceof Problem && err.code === "preview-expired") {
          this.trouble = err.message;
          this.show();
          return;
        } else if (err instanceof Problem && err.code === "user-invalid") {
          this.settings.user = "";
        } else if (!(err instanceof DOMException && err.name === "AbortError")) {
          this.trouble = "暂时连不上，正在重新连接。您写的内容不会丢。";
          this.show();
        }
      }
      if (tries > 0) await pause(Math.min(30000, 500 * 2 ** Math.min(tries, 6)) * (0.5 + Math.random()), this.wake.signal);
    }
  }

  async greet() {
    await this.keep.alone(async () => {
      this.keep.load();
      this.api.token = this.keep.data.token || "";
      this.hello = await this.api.hello({ user: this.settings.user, device, page: this.settings.page, preview: this.settings.preview });
      this.keep.set({ token: this.api.token });
    });
    const past = await this.api.history(0);
    this.more = past.more;
    past.messages.forEach((m) => this.add(m));
    if (this.hello) this.title.textContent = this.hello.brand + "智能助手";
    this.show();
    this.bottom();
  }

  /** Reads events; a stream from which nothing comes, not even pings, is given up. */
  async hear() {
    let heard = Date.now();
    const watch = setInterval(() => { if (Date.now() - heard > 40000) this.stream.abort(); }, 5000);
    try {
      await this.api.events(this.cursor, this.stream.signal, (name, data) => {
        heard = Date.now();
        if (name === "message") {
          const near = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 120;
          this.add(data);
          this.show();
          if (near || data.from === "visitor") this.bottom(data);
        } else if (name === "desk") {
          this.desk = data;
          this.show();
        }
      });
    } finally {
      clearInterval(watch);
    }
  }

  /** @param {Message} m */
  add(m) {
    this.messages.set(m.seq, m);
    this.cursor = Math.max(this.cursor, m.seq);
    if (m.from !== "visitor") this.waitingReply = 0;
    if (m.client) {
      this.failed.delete(m.client);
      this.keep.done(m.client);
    }
  }

  submit() {
    const text = this.input.value.trim();
    if (this.picture) {
      this.sendPicture(this.picture);
      this.drop();
    }
    if (!text) return;
    this.input.value = "";
    this.keep.set({ draft: "" });
    this.grow();
    this.say({ text });
  }

  /** @param {Partial<Outgoing>} what */
  say(what) {
    /** @type {Outgoing} */
    const m = { ...what, id: "w-" + unique(), device };
    if (this.settings.page && m.text) m.page = this.settings.page;
    this.words.set(m.id, m.text || m.label || "");
    this.keep.wait(m);
    this.show();
    this.bottom();
    if (!touch) this.input.focus();
    this.flush();
  }

  /** Sends what waits, in order, one tab at a time. */
  async flush() {
    if (this.flushing || !this.hello) return;
    this.flushing = true;
    try {
      await this.keep.alone(async () => {
        for (const m of this.keep.waiting()) {
          if (this.failed.has(m.id)) continue;
          this.waitingReply = Date.now();
          this.show();
          try {
            await this.api.post(m);
          } catch (err) {
            if (!(err instanceof Problem)) throw err;
            if (err.code === "unauthorized" || err.code === "ended") {
              this.keep.set({ token: "" });
              this.anew();
              return;
            }
            if (err.passing) {
              this.waitingReply = 0;
              setTimeout(() => this.flush(), Math.max(err.after * 1000, 3000));
              this.trouble = err.status === 429 ? err.message : "暂时发不出去，会自动重发。您写的内容不会丢。";
              return;
            }
            this.failed.set(m.id, err.message);
            this.waitingReply = 0;
            continue;
          }
          this.trouble = "";
          this.keep.done(m.id);
        }
      });
    } finally {
      this.flushing = false;
      this.show();
    }
  }

  /** @param {File} file */
  take(file) {
    if (!["image/png", "image/jpeg"].includes(file.type)) return this.note("只支持 jpg 和 png 图片。");
    if (file.size > maxPicture) return this.note("图片超过10M，请压缩后再发。");
    this.drop();
    this.picture = file;
    const gone = el("button", { type: "button" }, "去掉");
    gone.addEventListener("click", () => this.drop());
    this.preview.replaceChildren(thumb(file, "要发送的图片"), el("span", {}, "点“发送”发出图片"), gone);
    this.preview.hidden = false;
  }

  drop() {
    this.picture = null;
    this.preview.hidden = true;
  }

  /** @param {File} file */
  async sendPicture(file) {
    this.note("正在上传图片…");
    try {
      const picture = await this.api.upload(file);
      this.note("");
      const before = new Set(this.words.keys());
      this.say({ picture, label: "［图片］" });
      const id = [...this.words.keys()].find((k) => !before.has(k));
      if (id) this.pictures.set(id, file);
      this.show();
    } catch (err) {
      this.note(err instanceof Problem ? err.message : "图片没有发出去，请重试。");
      this.take(file);
    }
  }

  /** @param {string} text */
  note(text) {
    this.trouble = text;
    this.show();
  }

  async endTalk() {
    if (this.finish.textContent === "结束") {
      this.finish.textContent = "确定结束？";
      setTimeout(() => { this.finish.textContent = "结束"; }, 4000);
      return;
    }
    this.finish.textContent = "结束";
    try {
      await this.api.end();
    } catch (err) {
      if (err instanceof Problem && err.passing) return this.note(err.message);
    }
    this.keep.done();
    this.keep.set({ token: "", read: 0 });
    this.anew();
    this.over = true;
    this.show();
  }

  /** Saves the file that a choice stands for. @param {{href: string, name: string}} file */
  async download(file) {
    try {
      this.store(await this.api.file(file.href), file.name);
      this.note("");
    } catch (err) {
      this.note(err instanceof Problem ? err.message : "没有下载成功，请重试。");
    }
  }

  /** @param {Blob} blob @param {string} name */
  store(blob, name) {
    const url = URL.createObjectURL(blob);
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  }

  /** Keeps the end of the log in view when something there grew. @param {number} by pixels */
  toEnd(by) {
    if (this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 120 + by) this.log.scrollTop = this.log.scrollHeight;
  }

  /** @param {Message} m @param {boolean} helpful */
  async rate(m, helpful) {
    try {
      await this.api.rate(m.id, helpful);
      m.rated = helpful ? "helpful" : "not-helpful";
    } catch (err) {
      this.trouble = err instanceof Problem ? err.message : "";
    }
    this.show();
  }

  grow() {
    this.input.style.height = "auto";
    this.input.style.height = Math.min(140, this.input.scrollHeight + 2) + "px";
  }

  /** Scrolls to the end; of a message that is longer than the view, to its beginning. @param {Message} [m] */
  bottom(m) {
    const row = m && m.from !== "visitor" && [...this.log.children].find((e) => e instanceof HTMLElement && e.dataset.key === "m" + m.seq);
    this.log.scrollTop = row instanceof HTMLElement ? Math.min(row.offsetTop - this.log.offsetTop - 8, this.log.scrollHeight) : this.log.scrollHeight;
  }

  // What is shown.

  show() {
    const list = [...this.messages.values()].sort((a, b) => a.seq - b.seq);
    const last = list.at(-1)?.seq || 0;
    if (this.opened && document.visibilityState === "visible" && (this.keep.data.read || 0) < last) this.keep.set({ read: last });
    const unread = this.opened ? 0 : list.filter((m) => m.from !== "visitor" && m.seq > (this.keep.data.read || 0)).length;
    this.badge.hidden = unread === 0;
    this.badge.textContent = String(unread);
    this.launch.setAttribute("aria-label", "问智能助手" + (unread ? `，${unread}条新消息` : ""));
    this.stateLine();
    this.input.inputMode = keyboards[list.at(-1)?.input || ""] || "text";
    if (this.opened) this.rows.show(list);
  }

  stateLine() {
    let text = this.trouble;
    if (!text && this.desk?.state === "waiting") text = `正在等待人工客服，您排在第${this.desk.place}位。${this.desk.hours.text}`;
    if (!text && this.desk?.state === "held") text = "人工客服正在为您服务。";
    this.state.hidden = !text;
    if (this.state.textContent !== text) this.state.textContent = text;
    this.state.classList.toggle("bad", Boolean(this.trouble));
  }
}

/** @param {Settings} settings */
export function start(settings) {
  if (document.getElementById("signdesk")) return;
  const w = new Widget(settings);
  /** @param {{page?: string}} [o] */
  const open = (o) => w.open(o?.page);
  Object.assign(window, { signdesk: { open, close: () => w.shut() } });
}
