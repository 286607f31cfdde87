// Keeps what must outlive the page: the token, what was typed, what was not sent yet. Each value and each message has a key of
// its own, so that tabs which write at once do not undo each other. Without storage all is kept in memory.

/** @typedef {import("./api.js").Outgoing} Outgoing */

const prefix = "signdesk:";

export class Keep {
  /** @param {string} base told apart by server */
  constructor(base) {
    this.name = prefix + base + ":";
    /** @type {{token?: string, draft?: string, open?: boolean, read?: number}} */
    this.data = {};
    /** @type {Map<string, Outgoing>} messages of this tab, by key */
    this.mine = new Map();
    /** @type {Set<string>} keys of messages that are dealt with, whatever is still read of them */
    this.gone = new Set();
    this.count = 0;
    this.load();
  }

  load() {
    for (const field of /** @type {const} */ (["token", "draft", "open", "read"])) {
      const raw = this.read(field);
      if (raw !== null) Object.assign(this.data, { [field]: raw });
    }
  }

  /** @param {string} key @returns {any} null if there is none */
  read(key) {
    try {
      return JSON.parse(localStorage.getItem(this.name + key) || "null");
    } catch {
      return null; // private mode or blocked storage
    }
  }

  /** @param {string} key @param {any} value undefined: it goes */
  write(key, value) {
    try {
      if (value === undefined) localStorage.removeItem(this.name + key);
      else localStorage.setItem(this.name + key, JSON.stringify(value));
    } catch {
      // kept in memory
    }
  }

  /** @param {Partial<Keep["data"]>} change */
  set(change) {
    Object.assign(this.data, change);
    for (const [key, value] of Object.entries(change)) this.write(key, value);
  }

  /** Keeps a message until it is sent. @param {Outgoing} m */
  wait(m) {
    const key = "out:" + String(Date.now()).padStart(15, "0") + String(this.count++).padStart(6, "0") + m.id;
    this.mine.set(key, m);
    this.write(key, m);
  }

  /** Messages that were not sent yet, of all tabs, the oldest first. @returns {Outgoing[]} */
  waiting() {
    const all = new Map(this.mine);
    try {
      for (let i = 0; i < localStorage.length; i++) {
        const key = (localStorage.key(i) || "").slice(this.name.length);
        if (localStorage.key(i) === this.name + key && key.startsWith("out:") && !this.gone.has(key) && !all.has(key)) {
          const m = this.read(key);
          if (m) all.set(key, m);
        }
      }
    } catch {
      // kept in memory
    }
    return [...all.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, m]) => m);
  }

  /** Forgets a message that is sent, or all. @param {string} [id] */
  done(id) {
    const keys = new Set(this.mine.keys());
    try {
      for (let i = 0; i < localStorage.length; i++) {
        const key = localStorage.key(i) || "";
        if (key.startsWith(this.name + "out:")) keys.add(key.slice(this.name.length));
      }
    } catch {
      // kept in memory
    }
    for (const key of keys) {
      if (id !== undefined && !key.endsWith(id)) continue;
      this.mine.delete(key);
      this.gone.add(key);
      this.write(key, undefined);
    }
  }

  /** Lets tabs send what waits one at a time. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  async alone(work) {
    if (!navigator.locks) return work();
    return navigator.locks.request(this.name, work);
  }
}
