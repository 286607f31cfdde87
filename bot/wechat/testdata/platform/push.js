// Pushes of messages to an account's server, in the platform's way: sealed by a
// crypto library that knows nothing of the server's.
import { createHash, randomBytes } from "node:crypto";
import { decrypt, encrypt, getSignature } from "@wecom/crypto";

const patience = 5000; // ms; then the connection is cut and the message sent again

const sha1 = (parts) => createHash("sha1").update(parts.sort().join("")).digest("hex");
const cdata = (text) => `<![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
const field = (xml, name) => {
  const found = new RegExp(`<${name}>(?:<!\\[CDATA\\[([\\s\\S]*?)\\]\\]>|([^<]*))</${name}>`).exec(xml);
  return found ? (found[1] ?? found[2]) : "";
};

export class Pusher {
  constructor({ url, appid, token, aesKey, name = "gh_0123456789ab" }) {
    Object.assign(this, { url, appid, token, aesKey, name });
    this.ids = 7000000000000000;
  }

  nextId() {
    return String(++this.ids);
  }

  xml({ from, type = "text", id = "", created = Math.floor(Date.now() / 1000), fields = {} }) {
    const rest = Object.entries(fields).map(([k, v]) => `<${k}>${cdata(v)}</${k}>`).join("");
    return `<xml><ToUserName>${cdata(this.name)}</ToUserName><FromUserName>${cdata(from)}</FromUserName><CreateTime>${created}</CreateTime>` +
      `<MsgType>${cdata(type)}</MsgType>${rest}${id && `<MsgId>${id}</MsgId>`}</xml>`;
  }

  text(from, content, id = this.nextId()) {
    return { from, id, fields: { Content: content } };
  }

  // request is a push; mode is safe, compatible or plain. change may falsify it.
  request(message, { mode = "safe", at = Date.now(), change } = {}) {
    const timestamp = String(Math.floor(at / 1000)), nonce = randomBytes(5).toString("hex"), raw = this.xml(message);
    const query = { signature: sha1([this.token, timestamp, nonce]), timestamp, nonce, openid: message.from };
    let body = raw;
    if (mode !== "plain") {
      const sealed = encrypt(this.aesKey, raw, this.appid);
      Object.assign(query, { encrypt_type: "aes", msg_signature: getSignature(this.token, timestamp, nonce, sealed) });
      body = mode === "safe" ? `<xml><ToUserName>${cdata(this.name)}</ToUserName><Encrypt>${cdata(sealed)}</Encrypt></xml>` : raw.replace("</xml>", `<Encrypt>${cdata(sealed)}</Encrypt></xml>`);
    }
    const request = { query, body };
    change?.(request);
    return request;
  }

  // post brings a request once.
  async post({ query, body }, ms = patience) {
    const started = Date.now();
    try {
      const res = await fetch(`${this.url}?${new URLSearchParams(query)}`, { method: "POST", body, headers: { "Content-Type": "text/xml" }, signal: AbortSignal.timeout(ms) });
      return { status: res.status, ms: Date.now() - started, ...this.read(await res.text()) };
    } catch (err) {
      return { status: 0, ms: Date.now() - started, error: String(err.cause?.code ?? err.name) };
    }
  }

  // read is what a person sees of an answer. What is neither an acknowledgement
  // nor a sealed reply is an error.
  read(body) {
    if (body === "" || body === "success") return { text: "" };
    const sealed = field(body, "Encrypt");
    if (!sealed) return { error: `neither success nor sealed: ${body.slice(0, 100)}` };
    if (getSignature(this.token, field(body, "TimeStamp"), field(body, "Nonce"), sealed) !== field(body, "MsgSignature")) return { error: "signature of the reply" };
    const { message, id } = decrypt(this.aesKey, sealed);
    if (id !== this.appid) return { error: `reply for ${id}` };
    if (Buffer.byteLength(field(message, "Content")) > 2048) return { error: "reply is too long" };
    return { text: field(message, "Content"), to: field(message, "ToUserName"), type: field(message, "MsgType") };
  }

  // push brings a message up to three times, as long as nobody acknowledges it.
  async push(message, options) {
    for (let attempt = 1; attempt <= 3; attempt++) {
      const answer = await this.post(this.request(message, options));
      if (answer.status === 200) return { ...answer, attempt };
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { status: 0, error: "never acknowledged" };
  }

  say(from, content) {
    return this.push(this.text(from, content));
  }

  async verify(change) {
    const timestamp = String(Math.floor(Date.now() / 1000)), nonce = "n", query = { signature: sha1([this.token, timestamp, nonce]), timestamp, nonce, echostr: "echo-1" };
    change?.(query);
    const res = await fetch(`${this.url}?${new URLSearchParams(query)}`);
    return { status: res.status, body: await res.text() };
  }
}
