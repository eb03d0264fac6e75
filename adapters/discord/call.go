package discord

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/core/reach"
)

// globalHeader is "true" on a 429 that is for the whole bot.
const globalHeader = "X-Ratelimit-Global"

const (
	callTimeout = 15 * time.Second
	maxAnswer   = 16 << 20 // bytes; a hundred commands are far smaller
	userAgent   = "DiscordBot (https://github.com/usherbot/usher, 1)"
)

// request is one call of the REST API.
type request struct {
	does   string // what it does, for errors: the path may hold a token
	method string
	path   string        // below the version
	body   any           // nil: none
	chat   string        // the id of that which a message is for
	hook   bool          // an interaction's token is in the path, so that the bot's is not needed
	once   bool          // twice would be once too often
	within time.Duration // that there must be an answer; 0: callTimeout
}

// Format prints what the request does, and nothing that it holds.
func (r request) Format(f fmt.State, _ rune) { io.WriteString(f, r.does) } //nolint:errcheck // fmt's own buffer

// call does one request. Its errors are a *refusal, a *reach.Outage or that of ctx,
// and hold neither address nor header: tokens are in both.
func (a *Adapter) call(ctx context.Context, r request, result any) error {
	contentType, body, err := encode(r.body)
	if err != nil {
		return fmt.Errorf("%s: encode %T: %w", r.does, r.body, err)
	}
	way := &way{over: a.client.Transport}
	session := &discordgo.Session{UserAgent: userAgent, LogLevel: -1}
	if !r.hook {
		session.Token = "Bot " + a.config.Token.Reveal()
	}
	raw, err := session.RequestWithLockedBucket(
		r.method, a.config.APIBase+"/api/v"+discordgo.APIVersion+r.path, contentType, body,
		discordgo.NewRatelimiter().LockBucket("once"), 0,
		discordgo.WithContext(ctx), discordgo.WithClient(way.client()),
		discordgo.WithRestRetries(0), discordgo.WithRetryOnRatelimit(false),
	)
	_, answered := errors.AsType[*discordgo.RESTError](err)
	switch {
	case err != nil && ctx.Err() != nil && !answered:
		return fmt.Errorf("%s: %w", r.does, context.Cause(ctx))
	case err != nil:
		if way.limit.Global {
			a.stopped.Store(time.Now().Add(way.limit.after()).UnixNano())
		}
		return r.failed(way, err)
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(raw, result); err != nil {
		return &reach.Outage{Does: r.does, Status: way.status, Err: reach.ErrShape}
	}
	return nil
}

// failed is what became of a request.
func (r request) failed(w *way, err error) error {
	if w.status == http.StatusTooManyRequests {
		return r.tooFast(w.limit)
	}
	rest, answered := errors.AsType[*discordgo.RESTError](err)
	if !answered || w.status < http.StatusBadRequest || w.status >= http.StatusInternalServerError {
		return &reach.Outage{Does: r.does, Status: w.status, Err: bare(err)}
	}
	var said struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Errors  json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(rest.ResponseBody, &said) != nil {
		return &reach.Outage{Does: r.does, Status: w.status, Err: errors.New("the answer is not Discord's")}
	}
	return &refusal{does: r.does, status: w.status, code: said.Code, text: reach.Unquoted(said.Message) + complaints(said.Errors), hook: r.hook}
}

// tooFast is a 429.
func (r request) tooFast(l limit) error {
	return &refusal{does: r.does, status: http.StatusTooManyRequests, code: l.Code, text: "rate limited", after: l.after(), hook: r.hook}
}

// soon is call with an end to waiting. While the whole bot is to wait, nothing is
// asked but by an interaction's token, which Discord does not count.
func (a *Adapter) soon(ctx context.Context, r request, result any) error {
	if wait := time.Until(time.Unix(0, a.stopped.Load())); wait > 0 && !r.hook {
		return r.tooFast(limit{After: wait.Seconds()})
	}
	ctx, stop := context.WithTimeoutCause(ctx, cmp.Or(r.within, callTimeout), reach.ErrTimeout)
	defer stop()
	err := a.call(ctx, r, result)
	if errors.Is(err, reach.ErrTimeout) {
		return &reach.Outage{Does: r.does, Err: reach.ErrTimeout}
	}
	return err
}

// way is one request's way to the network and back. It sees what discordgo keeps
// to itself.
type way struct {
	over   http.RoundTripper
	status int
	limit  limit // of a 429
}

// limit is what a 429 says. Those that are not Discord's own, but of what stands
// before it, have a header only.
type limit struct {
	After  float64 `json:"retry_after"` // seconds
	Global bool    `json:"global"`
	Code   int     `json:"code"`
}

func (l limit) after() time.Duration {
	return max(time.Duration(l.After*float64(time.Second)), 50*time.Millisecond)
}

// client follows no redirects, which would take the token elsewhere.
func (w *way) client() *http.Client {
	return &http.Client{Transport: w, CheckRedirect: reach.Stay}
}

// RoundTrip implements http.RoundTripper.
func (w *way) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.over.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	w.status = resp.StatusCode
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	if w.status == http.StatusTooManyRequests {
		return resp, w.slow(resp)
	}
	return resp, nil
}

// slow notes how long a 429 wants to be waited for.
func (w *way) slow(resp *http.Response) error {
	said, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(said))
	if json.Unmarshal(said, &w.limit) != nil || w.limit.After <= 0 {
		w.limit.After = 1
		if seconds, err := strconv.ParseFloat(resp.Header.Get("Retry-After"), 64); err == nil && seconds > 0 {
			w.limit.After = seconds
		}
	}
	w.limit.Global = w.limit.Global || resp.Header.Get(globalHeader) == "true"
	return nil
}

// bare is what went wrong on the way, without the address.
func bare(err error) error {
	if rest, ok := errors.AsType[*discordgo.RESTError](err); ok {
		return errors.New(http.StatusText(rest.Response.StatusCode))
	}
	return reach.Bare(err)
}

// complaints are what is wrong with a form, as paths and codes.
func complaints(raw json.RawMessage) string {
	var all []string
	var walk func(path string, raw json.RawMessage)
	walk = func(path string, raw json.RawMessage) {
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil {
			return
		}
		for name, inner := range fields {
			if name != "_errors" {
				walk(strings.TrimPrefix(path+"."+name, "."), inner)
				continue
			}
			var list []struct {
				Code string `json:"code"`
			}
			if json.Unmarshal(inner, &list) == nil && len(list) > 0 {
				all = append(all, path+" "+list[0].Code)
			}
		}
	}
	walk("", raw)
	if slices.Sort(all); len(all) == 0 {
		return ""
	}
	return ": " + reach.Unquoted(strings.Join(all, ", "))
}
