package telegram

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

const (
	pollFor   = 30 * time.Second // that Telegram holds a poll; it allows 50
	pollSlack = 15 * time.Second // for its answer to arrive
)

// Run implements core.Adapter.
func (a *Adapter) Run(ctx context.Context, on func(core.Event)) error {
	err := a.persist(ctx, "find out who the bot is", func() error {
		_, err := a.identify(ctx)
		return err
	})
	if err != nil {
		return reach.Unless(ctx, err)
	}
	in := &intake{on: on, done: make(chan struct{})}
	a.intake.Store(in)
	defer func() {
		a.ready.Store(false)
		a.intake.Store(nil)
		close(in.done)
	}()
	if a.config.Mode == Webhook {
		return reach.Unless(ctx, a.hook(ctx))
	}
	return reach.Unless(ctx, a.poll(ctx))
}

// intake is where updates go while Run runs.
type intake struct {
	on   func(core.Event)
	done chan struct{}
}

// persist does something that comes before all else, until it is done or nothing
// can help.
func (a *Adapter) persist(ctx context.Context, what string, do func() error) error {
	return reach.Persist(ctx, do, rejected, hopeless, func(err error) {
		a.log.Warn("Telegram cannot be reached; trying on", "to", what, "error", err)
	})
}

// hook has Telegram deliver to Routes, and waits for the end. The webhook stays:
// other replicas use it, and what comes meanwhile Telegram keeps.
func (a *Adapter) hook(ctx context.Context) error {
	set := params{
		"url": a.config.PublicURL + path, "secret_token": a.config.WebhookSecret.Reveal(),
		"allowed_updates": allowedUpdates,
	}
	err := a.persist(ctx, "set the webhook", func() error { return a.soon(ctx, "setWebhook", set, nil) })
	if hopeless(err) {
		return fmt.Errorf("USHER_PUBLIC_URL: Telegram does not deliver there: %w", err)
	}
	if err != nil {
		return err
	}
	a.ready.Store(true)
	<-ctx.Done()
	return nil
}

// poll asks for updates until ctx ends or Telegram no longer knows the token.
func (a *Adapter) poll(ctx context.Context) error {
	err := a.persist(ctx, "remove the webhook", func() error {
		_, err := a.unhook(ctx)
		return err
	})
	if err != nil && !hopeless(err) {
		return err
	}
	o := newOffset()
	defer a.farewell(ctx, o)
	steady, rival := false, false // whether the last poll was answered, and the last failure a 409
	for failures := 0; ; {
		began := time.Now()
		news, err := a.pollOnce(ctx, o, steady)
		switch fatal := rejected(err); {
		case ctx.Err() != nil:
			return nil
		case fatal != nil:
			return fatal
		case err == nil:
			if failures > 0 && (steady || !rival) { // a rival's turn may come next
				a.log.Info("Telegram answers again", "failures", failures)
				failures = 0
			}
			a.ready.Store(true)
			steady = true
			o.wait(ctx, news, began)
			continue
		}
		steady, rival = false, code(err) == http.StatusConflict
		if failures == 0 {
			a.log.Warn("no updates from Telegram; trying on", "error", err)
		} else { // one failure is nothing yet
			a.ready.Store(false)
		}
		if err := a.standBack(ctx, err, failures); err != nil {
			return nil // ctx has ended
		}
		failures++
	}
}

// standBack waits before the next poll. Of the two reasons for a 409, a webhook
// is removed again, and that is all; another poller with the same token is left to
// its end.
func (a *Adapter) standBack(ctx context.Context, err error, failures int) error {
	if code(err) == http.StatusConflict {
		removed, err := a.unhook(ctx)
		if err != nil {
			a.log.Debug("the webhook is not removed", "error", err)
		}
		if removed {
			return reach.Pause(ctx, time.Second)
		}
	}
	return reach.Pause(ctx, reach.Backoff(failures, err))
}

// unhook removes a webhook, if there is one, and leaves Telegram what it has kept
// for it.
func (a *Adapter) unhook(ctx context.Context) (removed bool, err error) {
	var set struct {
		URL string `json:"url"`
	}
	if err := a.soon(ctx, "getWebhookInfo", params{}, &set); err != nil || set.URL == "" {
		return false, err
	}
	a.log.Info("removing the webhook, because updates are polled", "platform", platform)
	err = a.soon(ctx, "deleteWebhook", params{"drop_pending_updates": "false"}, nil)
	return err == nil, err
}

// pollOnce asks once, and hands over what has come. It reports whether there was
// news. Unless the last poll was answered, it asks only for what is there already.
func (a *Adapter) pollOnce(ctx context.Context, o *offset, steady bool) (bool, error) {
	hold := pollFor
	if !steady {
		hold = 0
	}
	ask := params{"timeout": strconv.Itoa(int(hold.Seconds())), "allowed_updates": allowedUpdates}
	next := o.confirm()
	if next != 0 {
		ask["offset"] = strconv.FormatInt(next, 10)
	}
	limited, stop := context.WithTimeoutCause(ctx, hold+pollSlack, reach.ErrTimeout)
	defer stop()
	var raws []json.RawMessage
	if err := a.call(limited, "getUpdates", ask, &raws); err != nil {
		return false, err
	}
	news := false
	for _, raw := range raws {
		u, err := parse(raw)
		if err != nil {
			a.log.Error("an update cannot be read", "platform", platform, "error", err)
		}
		if u.ID == 0 || !o.take(u.ID) {
			continue
		}
		news = news || u.ID >= next
		a.receive(u, err == nil, func() { o.safe(u.ID) })
	}
	return news, nil
}

// receive hands an update over. What is no event is safe at once.
func (a *Adapter) receive(u update, readable bool, safe func()) {
	in, heard := incoming{}, false
	if readable {
		a.learn(u)
		in, heard = decode(u, *a.self.Load(), a.people.called, time.Now())
	}
	to := a.intake.Load()
	switch {
	case !heard && u.Press != nil: // on what is no message of ours
		a.newAck(u.Press.ID)
		safe()
		return
	case !heard:
		safe()
		return
	case to == nil:
		return
	}
	r := &responder{adapter: a, in: in}
	if in.callback != "" {
		r.ack = a.newAck(in.callback)
	}
	in.event.Back, in.event.Safe = r, safe
	to.on(in.event)
}

// learn remembers what an update tells beside what it says.
func (a *Adapter) learn(u update) {
	m := u.Message
	if m == nil {
		return
	}
	a.people.meet(m.From)
	if m.ReplyTo != nil {
		a.people.meet(m.ReplyTo.From)
	}
	if m.MovedTo != 0 {
		a.moved.note(strconv.FormatInt(m.Chat.ID, 10), strconv.FormatInt(m.MovedTo, 10))
	}
}

// farewell confirms what is safe, so that it does not come again.
func (a *Adapter) farewell(ctx context.Context, o *offset) {
	next := o.confirm()
	if next == 0 {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	err := a.call(ctx, "getUpdates", params{"offset": strconv.FormatInt(next, 10), "limit": "1", "timeout": "0"}, nil)
	if err != nil {
		a.log.Debug("the last updates will come again", "platform", platform, "error", err)
	}
}
