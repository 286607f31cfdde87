package webhook

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// A problem is an error document (RFC 9457). Title and detail are Chinese and
// for people, the code is for programs and stable.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// An errorKind is one row of the table of errors.
type errorKind struct {
	status int
	code   string
	title  string
	detail string
}

// The errors of the interface.
var (
	errBadJSON       = errorKind{http.StatusBadRequest, "bad-json", "请求格式不对", "请求内容应为JSON，字段和说明见 /openapi.yaml。"}
	errInvalid       = errorKind{http.StatusUnprocessableEntity, "invalid", "请求内容不完整", "文字、选项、图片要有一样，并且只能有一样。"}
	errEmpty         = errorKind{http.StatusUnprocessableEntity, "empty", "没有内容", "请输入您的问题，或把屏幕上的提示原文粘贴进来。"}
	errTooLong       = errorKind{http.StatusUnprocessableEntity, "too-long", "文字太长", "请控制在4000字以内，只发关键的提示或描述就行。"}
	errTooLarge      = errorKind{http.StatusRequestEntityTooLarge, "too-large", "内容太大", "内容太大了，请精简后再发；图片不超过10M。"}
	errBadPicture    = errorKind{http.StatusUnprocessableEntity, "bad-picture", "图片打不开", "图片打不开或尺寸过大，请换一张jpg或png图片。"}
	errPictureType   = errorKind{http.StatusUnsupportedMediaType, "picture-type", "不支持的图片格式", "只支持jpg和png图片。"}
	errPictureGone   = errorKind{http.StatusNotFound, "picture-gone", "图片已失效", "图片已失效，请重新上传。"}
	errNoPicture     = errorKind{http.StatusNotFound, "picture-gone", "图片已失效", "图片已过期，看不到了。需要的话请客服再发一次。"}
	errUnauthorized  = errorKind{http.StatusUnauthorized, "unauthorized", "会话已失效", "会话已失效，请刷新页面重新开始。"}
	errUser          = errorKind{http.StatusUnauthorized, "user-invalid", "登录状态已失效", "登录状态已失效，请刷新页面后重试。"}
	errPreview       = errorKind{http.StatusGone, "preview-expired", "试用链接已失效", "试用链接已失效，请在客服群里再发一次 /preview。"}
	errEnded         = errorKind{http.StatusGone, "ended", "会话已结束", "会话已结束，请开始新的会话。"}
	errNotFound      = errorKind{http.StatusNotFound, "not-found", "没有找到", "没有这个页面，请从首页重新进入。"}
	errNoLetter      = errorKind{http.StatusNotFound, "no-letter", "没有授权书", "没有可以下载的授权书，可能已经重新生成或提交，请回到办理页面查看。"}
	errMethod        = errorKind{http.StatusMethodNotAllowed, "method-not-allowed", "请求方式不对", "不支持这种请求方式。"}
	errForbidden     = errorKind{http.StatusForbidden, "cross-site", "请求来源不允许", "请在本站页面上操作。"}
	errLimited       = errorKind{http.StatusTooManyRequests, "rate-limited", "操作太快", "操作太快了，请稍等几秒再试。"}
	errTooMany       = errorKind{http.StatusServiceUnavailable, "too-many-streams", "连接太多", "打开的页面太多了，请关掉几个再试。"}
	errUnavailable   = errorKind{http.StatusServiceUnavailable, "unavailable", "暂时无法处理", "现在有点忙，请稍后再试。"}
	errInternal      = errorKind{http.StatusInternalServerError, "internal", "系统出错", "抱歉，系统出了点问题，请稍后再试。"}
	errSignature     = errorKind{http.StatusUnauthorized, "bad-signature", "签名无效", "签名无效或已过期。"}
	errNotRatable    = errorKind{http.StatusNotFound, "not-an-answer", "不能评价", "这条消息不能评价。"}
	errUnknownEvent  = errorKind{http.StatusUnprocessableEntity, "unknown-event", "不认识的事件", "不认识的事件类型，见 /openapi.yaml。"}
	errEventRejected = errorKind{http.StatusConflict, "event-rejected", "事件不能处理", "事件与现有记录不符。"}
)

// problem answers with an error of the table.
func (s *Server) problem(c *gin.Context, k errorKind) {
	c.Abort()
	c.Header("Content-Type", "application/problem+json; charset=utf-8")
	c.Header("Cache-Control", "no-store")
	c.JSON(k.status, problem{Type: "about:blank", Title: k.title, Status: k.status, Code: k.code, Detail: k.detail})
}

// fail answers with a problem document, or with a page where a browser asked.
func (s *Server) fail(c *gin.Context, k errorKind) {
	if c.NegotiateFormat(gin.MIMEJSON, gin.MIMEHTML) == gin.MIMEHTML {
		s.help.problem(c, k.status, k.title, k.detail)
		return
	}
	s.problem(c, k)
}

// broken answers an error that is our own, and logs it.
func (s *Server) broken(c *gin.Context, err error) {
	if c.Request.Context().Err() == nil {
		s.opts.Log.Error("request failed", "route", c.FullPath(), "request", requestID(c), "err", err)
	}
	s.problem(c, errUnavailable)
}
