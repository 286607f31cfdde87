// The one script that a page embeds. It loads the rest beside itself.
// <script src="https://desk.example/widget.js" data-user-token="…" data-page="help/11" data-open="true" async></script>
"use strict";
{
  const tag = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  if (tag) {
    const base = new URL(".", tag.src).href;
    import(base + "widget/app.js").then((m) => m.start({
      base, page: tag.dataset.page || "", user: tag.dataset.userToken || "", preview: tag.dataset.preview || "", open: tag.dataset.open === "true",
    }));
  }
}
