// Keeps what must outlive the page: the token, what was typed, what was not sent yet. Without storage it is kept in memory.

const prefix = "signdesk:";

export class Keep {
  /** @param {string} base told apart by server */
  constructor(base) {
    this.name = prefix + base;
    /** @type {{token?: string, draft?: string, waiting?: import("./api.js").Outgoing[], open?: boolean, read?: number}} */
    this.data = {};
    this.load();
  }

  load() {
    try {
      this.data = JSON.parse(localStorage.getItem(this.name) || "{}");
    } catch {
      // private mode or blocked storage
    }
  }

  /** @param {Partial<Keep["data"]>} change */
  set(change) {
    Object.assign(this.data, change);
    try {
      localStorage.setItem(this.name, JSON.stringify(this.data));
    } catch {
      // kept in memory
    }
  }

  /** Lets tabs send what waits one at a time. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  async alone(work) {
    if (!navigator.locks) return work();
    return navigator.locks.request(this.name, work);
  }
}
