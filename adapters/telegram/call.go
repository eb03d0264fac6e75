package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

const (
	callTimeout = 15 * time.Second
	maxAnswer   = 16 << 20 // bytes; a hundred updates are far smaller
)

// params are the parameters of a method, objects and lists as JSON.
type params = tgbotapi.Params

// file is one that is sent with the parameters.
type file = tgbotapi.RequestFile

// asJSON is an object or a list as a parameter.
func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("telegram: encode %T: %v", v, err)) // it has nothing that JSON lacks
	}
	return string(b)
}

// call does one request. Its errors are a *refusal, a *reach.Outage or that of ctx,
// and hold no address: the token is in it.
func (a *Adapter) call(ctx context.Context, method string, p params, result any, files ...file) error {
	over := &lent{ctx: ctx, client: a.client}
	api := &tgbotapi.BotAPI{Token: a.config.Token.Reveal(), Client: over}
	api.SetAPIEndpoint(strings.ReplaceAll(a.config.APIBase, "%", "%%") + "/bot%s/%s")
	resp, err := over.request(api, method, p, files)
	said, refused := errors.AsType[*tgbotapi.Error](err)
	switch {
	case ctx.Err() != nil && err != nil && !refused:
		return fmt.Errorf("%s: %w", method, context.Cause(ctx))
	case refused && said.Code != 0:
		return &refusal{method, said.Code, reach.Unquoted(said.Message), said.RetryAfter, said.MigrateToChatID}
	case err != nil:
		return &reach.Outage{Does: method, Status: over.status, Err: reach.Bare(err)}
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(resp.Result, result); err != nil {
		return &reach.Outage{Does: method, Status: over.status, Err: reach.ErrShape}
	}
	return nil
}

// soon is call for a method that is answered at once.
func (a *Adapter) soon(ctx context.Context, method string, p params, result any, files ...file) error {
	ctx, stop := context.WithTimeoutCause(ctx, callTimeout, reach.ErrTimeout)
	defer stop()
	err := a.call(ctx, method, p, result, files...)
	if errors.Is(err, reach.ErrTimeout) {
		return &reach.Outage{Does: method, Err: reach.ErrTimeout}
	}
	return err
}

// lent is the client library's way to the network, with the context that the
// library lacks.
type lent struct {
	ctx    context.Context
	client *http.Client
	status int
}

// request has the library make a request. Of an upload that was refused it forgets
// the code, which is the status too.
func (l *lent) request(api *tgbotapi.BotAPI, method string, p params, files []file) (*tgbotapi.APIResponse, error) {
	if len(files) == 0 {
		return api.MakeRequest(method, p)
	}
	resp, err := api.UploadFiles(method, p, files)
	if said, refused := errors.AsType[*tgbotapi.Error](err); refused && said.Message != "" && l.status >= http.StatusBadRequest {
		said.Code = l.status
	}
	return resp, err
}

// Do implements tgbotapi.HTTPClient.
func (l *lent) Do(req *http.Request) (*http.Response, error) {
	if err := whole(req); err != nil {
		return nil, err
	}
	resp, err := l.client.Do(req.WithContext(l.ctx))
	if err != nil {
		return nil, reach.Bare(err)
	}
	l.status = resp.StatusCode
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	return resp, nil
}

// whole reads the body of an upload, which the library writes while it is sent: so
// its length can be told, and a connection that turns out to be closed costs nothing.
func whole(req *http.Request) error {
	if req.GetBody != nil {
		return nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return fmt.Errorf("write an upload: %w", err)
	}
	req.ContentLength = int64(len(body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Body, err = req.GetBody()
	return err
}

// refusal is what Telegram says when it does not do what was asked.
type refusal struct {
	method     string
	code       int
	text       string
	retryAfter int   // seconds
	movedTo    int64 // the group's new id
}

func (e *refusal) Error() string { return fmt.Sprintf("%s: %d %s", e.method, e.code, e.text) }

// Unwrap returns what core makes of it, or nil.
func (e *refusal) Unwrap() error {
	switch {
	case e.code == http.StatusTooManyRequests:
		return &core.Slow{After: time.Duration(max(e.retryAfter, 1)) * time.Second}
	case e.code == http.StatusForbidden, e.says("initiate conversation"), e.says("not enough rights"), e.says("CHAT_WRITE_FORBIDDEN"):
		return core.ErrForbidden
	case e.says("chat not found"), e.says("message to edit not found"), e.says("message can't be"),
		e.says("MESSAGE_ID_INVALID"), e.says("MESSAGE_DELETE_FORBIDDEN"), e.says("message thread not found"), e.says("PEER_ID_INVALID"):
		return core.ErrGone
	}
	return nil
}

func (e *refusal) says(what string) bool {
	return e.code == http.StatusBadRequest && strings.Contains(e.text, what)
}

// sameAsBefore reports whether an edit failed because it would change nothing.
func sameAsBefore(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.says("message is not modified")
}

// isPhoto reports whether an edit failed because a photo cannot become a text.
func isPhoto(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.says("there is no text in the message to edit")
}

func alreadyDeleted(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.says("message to delete not found")
}

// code is the code of a refusal, 0 of any other error.
func code(err error) int {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.code
	}
	return 0
}

// passing reports whether an error is Telegram's, or the network's, and may be
// gone at the next try.
func passing(err error) bool {
	_, out := errors.AsType[*reach.Outage](err)
	return out || code(err) >= http.StatusInternalServerError
}

// hopeless reports whether Telegram has understood a request and will never do it.
func hopeless(err error) bool {
	c := code(err)
	return c >= http.StatusBadRequest && c < http.StatusInternalServerError &&
		c != http.StatusUnauthorized && c != http.StatusConflict && c != http.StatusTooManyRequests
}
