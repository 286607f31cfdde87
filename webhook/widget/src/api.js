// Speaks the HTTP interface of conversations (openapi.yaml).

/**
 * @typedef {{token: string, label: string, control?: boolean, inText?: boolean, file?: {href: string, name: string}}} Choice
 * @typedef {{id: string, seq: number, at: string, from: "visitor" | "bot" | "staff", text: string, choices: Choice[], picture?: boolean,
 *   many?: boolean, input?: string, image?: boolean, client?: string, rate?: boolean, rated?: string, link?: {href: string, label: string},
 *   file?: {href: string, name: string}}} Message
 * @typedef {{id: string, text?: string, choice?: string, label?: string, picture?: string, page?: string, device?: string}} Outgoing
 * @typedef {{state: "none" | "waiting" | "held", place: number, hours: {open: boolean, text: string}}} Desk
 * @typedef {{conversation: string, token: string, created: boolean, bound: boolean, cursor: string, brand: string, hotline: string,
 *   hours: {open: boolean, text: string}, greeting: Message}} Hello
 */

/** An answer that is an error; `passing` ones are worth another try. */
export class Problem extends Error {
  /** @param {number} status @param {string} code @param {string} detail @param {number} after seconds */
  constructor(status, code, detail, after) {
    super(detail);
    this.status = status;
    this.code = code;
    this.passing = status === 0 || status === 429 || status >= 500;
    this.after = after;
  }
}

const away = "暂时连不上，正在重试…";

export class Api {
  /** @param {string} base address of the server, with a slash at its end */
  constructor(base) {
    this.base = base + "api/v1/conversation";
    this.token = "";
  }

  /**
   * @param {string} method @param {string} path @param {BodyInit | null} body @param {string} [type] @returns {Promise<any>}
   */
  async call(method, path, body, type = "application/json") {
    /** @type {Record<string, string>} */
    const headers = {};
    if (this.token) headers.Authorization = "Bearer " + this.token;
    if (body !== null) headers["Content-Type"] = type;
    let answer;
    try {
      answer = await fetch(this.base + path, { method, headers, body, credentials: "omit", signal: AbortSignal.timeout(20000) });
    } catch {
      throw new Problem(0, "away", away, 0);
    }
    if (answer.status === 204) return null;
    const data = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Problem(answer.status, data.code || "", data.detail || away, Number(answer.headers.get("Retry-After")) || 0);
    return data;
  }

  /** @param {{user: string, device: string, page: string, preview: string}} who @returns {Promise<Hello>} */
  async hello(who) {
    /** @type {Record<string, string>} */
    const body = { device: who.device, page: who.page };
    if (who.user) body.user = who.user;
    if (who.preview) body.preview = who.preview;
    const hello = await this.call("POST", "", JSON.stringify(body));
    if (hello.token) this.token = hello.token;
    return hello;
  }

  /** @param {number} before @returns {Promise<{messages: Message[], more: boolean}>} */
  history(before) {
    return this.call("GET", "/messages?limit=50&before=" + before, null);
  }

  /** @param {Outgoing} m */
  post(m) {
    return this.call("POST", "/messages", JSON.stringify(m));
  }

  /** @param {Blob} file @returns {Promise<string>} */
  async upload(file) {
    return (await this.call("POST", "/pictures", file, file.type || "image/png")).picture;
  }

  /** @param {string} message @param {boolean} helpful */
  rate(message, helpful) {
    return this.call("POST", "/ratings", JSON.stringify({ message, helpful }));
  }

  /** The content of a file that a choice stands for, or that was sent. @param {string} path @returns {Promise<Blob>} */
  async file(path) {
    let answer;
    try {
      answer = await fetch(new URL(path, this.base), { headers: { Authorization: "Bearer " + this.token }, credentials: "omit", signal: AbortSignal.timeout(30000) });
    } catch {
      throw new Problem(0, "away", away, 0);
    }
    if (!answer.ok) throw new Problem(answer.status, "", (await answer.json().catch(() => ({}))).detail || away, 0);
    return answer.blob();
  }

  end() {
    return this.call("POST", "/end", "{}");
  }

  /**
   * Reads events until the stream ends. The position of the last one is the cursor to go on from.
   * @param {number} after @param {AbortSignal} signal @param {(name: string, data: any) => void} heard
   */
  async events(after, signal, heard) {
    const answer = await fetch(this.base + "/events", {
      headers: { Authorization: "Bearer " + this.token, "Last-Event-ID": String(after) }, credentials: "omit", signal,
    });
    if (!answer.ok || !answer.body) {
      const data = await answer.json().catch(() => ({}));
      throw new Problem(answer.status, data.code || "", data.detail || away, Number(answer.headers.get("Retry-After")) || 0);
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
        const block = rest.slice(0, end);
        rest = rest.slice(end + 2);
        let name = "message", data = "";
        for (const line of block.split("\n")) {
          if (line.startsWith("event: ")) name = line.slice(7);
          else if (line.startsWith("data: ")) data += line.slice(6);
        }
        heard(data ? name : "ping", data ? JSON.parse(data) : null);
      }
    }
  }
}
