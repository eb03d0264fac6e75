package slack

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	api "github.com/slack-go/slack"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
	"github.com/usherbot/usher/core/seal"
)

// uploadWithin is how long a message waits for its image to be uploaded.
const uploadWithin = 5 * time.Second

// unready is how Slack refuses a message with a file that it has not looked over.
const unready = "invalid_blocks"

// pauses are those before each try to show a file: Slack looks it over first, which
// takes a moment that nobody tells the end of.
var pauses = []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second}

// picture posts m with its image: post is given the id of a file. It is done unless
// the image alone is in the way.
func (a *Adapter) picture(ctx context.Context, m core.Message, post func(rendered) (core.Ref, error)) (ref core.Ref, done bool, err error) {
	ctx, stop := a.whileRuns(ctx)
	defer stop()
	id, err := a.upload(ctx, *m.Image)
	if err != nil {
		return core.Ref{}, false, err
	}
	out := render(m, id)
	for _, pause := range pauses {
		if err = reach.Pause(ctx, pause); err != nil {
			break
		}
		if ref, err = post(out); !blamed(err) {
			a.files.posted(id, place(ref), err)
			return ref, true, err
		}
		if !says(err, unready) {
			break
		}
	}
	a.files.drop(id)
	return core.Ref{}, false, err
}

// blamed reports whether a message was refused for what is in it.
func blamed(err error) bool {
	r, refused := errors.AsType[*refusal](err)
	return refused && hopeless(err) && r.Unwrap() == nil
}

var errEnds = errors.New("the bot is about to end")

// whileRuns is ctx as long as Run runs, because its end deletes what is uploaded.
func (a *Adapter) whileRuns(ctx context.Context) (context.Context, func()) {
	ctx, end := context.WithCancelCause(ctx)
	to := a.intake.Load()
	if to == nil {
		end(errEnds)
		return ctx, func() {}
	}
	unhook := context.AfterFunc(to.ctx, func() { end(errEnds) })
	return ctx, func() {
		unhook()
		end(nil)
	}
}

// upload makes a file of an image, which is the app's alone, and returns its id. It
// has no alt text of its own: nobody sees it but in a message, which has one.
func (a *Adapter) upload(ctx context.Context, i core.Image) (string, error) {
	if !a.files.begin() {
		return "", errEnds
	}
	defer a.files.uploads.Done()
	ctx, stop := context.WithTimeoutCause(ctx, uploadWithin, reach.ErrTimeout)
	defer stop()
	to := api.GetUploadURLExternalParameters{
		FileName: "image." + strings.TrimPrefix(http.DetectContentType(i.Data), "image/"), FileSize: len(i.Data),
	}
	id, address, err := a.reserve(ctx, to)
	if err != nil {
		return "", err
	}
	err = a.call(ctx, uploadURL, func(ctx context.Context) error {
		return a.web.UploadToURL(ctx, api.UploadToURLParameters{
			UploadURL: address.Reveal(), Filename: to.FileName, Reader: bytes.NewReader(i.Data),
		})
	})
	if err == nil {
		err = a.call(ctx, "files.completeUploadExternal", func(ctx context.Context) error {
			all := []api.FileSummary{{ID: id, Title: to.FileName}}
			_, err := a.web.CompleteUploadExternalContext(ctx, api.CompleteUploadExternalParameters{Files: all})
			return err
		})
	}
	if err != nil {
		a.files.drop(id)
		return "", err
	}
	a.files.hold(id, i.Until)
	return id, nil
}

// reserve asks for the id of a file to be, and where to upload that. Whoever knows
// the address can post there.
func (a *Adapter) reserve(ctx context.Context, p api.GetUploadURLExternalParameters) (id string, address seal.Secret, err error) {
	err = a.call(ctx, "files.getUploadURLExternal", func(ctx context.Context) error {
		said, err := a.web.GetUploadURLExternalContext(ctx, p)
		if err != nil {
			return err
		}
		id, address = said.FileID, seal.Secret(said.UploadURL)
		return missing(id, nil)
	})
	return id, address, err
}

// lament tells the operator why people read what an image shows: once for each
// reason, because it will be so with the next one, too.
func (a *Adapter) lament(ctx context.Context, err error) {
	why := err.Error()
	if r, refused := errors.AsType[*refusal](err); refused {
		why = r.code
	}
	if ctx.Err() == nil && !errors.Is(err, errEnds) && a.files.first(why) {
		a.log.Warn("Slack does not show an image; a message says in words what is on it. If the app lacks the scope files:write, give it its manifest anew and install it again",
			"platform", platform, "error", err)
	}
}
