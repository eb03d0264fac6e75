package authflow

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/usherbot/usher/core/seal"
)

// Reply is what an endpoint answered to a Flow that has words of its own for the
// device flow. Reword puts it into those of RFC 8628; what it then means for a
// login, and what is made sure of before a person sees it, is as with Device.
type Reply struct {
	reply reply
	sent  time.Time
}

// Format prints nothing of what was answered.
func (r Reply) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "reply of status %d", r.reply.status)
}

// MarshalText is what Format prints.
func (r Reply) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%v", r), nil }

// Post sends form to an endpoint, once. hide is what is secret in it: no error
// shows it, even where the provider quotes it. An error means that there was no
// answer, which is worth another try.
func Post(ctx context.Context, c *http.Client, to string, form url.Values, hide ...seal.Secret) (Reply, error) {
	sent := time.Now()
	req, err := newPost(ctx, to, form)
	if err != nil {
		return Reply{}, err
	}
	r, err := send(c, req, hide...)
	return Reply{reply: r, sent: sent}, err
}

// Reword replaces the body, whatever it is, by what in makes of it: JSON with the
// members and error codes of RFC 8628. The status stays and means little.
func (r Reply) Reword(in func(body []byte) []byte) Reply {
	r.reply = r.reply.reworded(in)
	return r
}

// reworded is Reword, where there is anything to reword with.
func (r reply) reworded(in func(body []byte) []byte) reply {
	if in != nil {
		r.body, r.form = in(r.body), false
	}
	return r
}

// Grant is what a reply to a request for a code gives. Its errors are those of
// Flow.Begin.
func (r Reply) Grant() (Grant, error) { return r.reply.grant(r.sent, "") }

// Answer is what a reply to a poll for g says. Its errors are those of Flow.Next.
func (r Reply) Answer(g Grant) (Answer, error) { return r.reply.answer(r.reply.at, g) }

// DeviceCode is the code to poll with, of a Grant that Device or a Reply made.
func (g Grant) DeviceCode() seal.Secret { return unpack(g.Secret).device }
