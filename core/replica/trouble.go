package replica

import (
	"log/slog"
	"time"
)

// reminder is how often the log hears of a trouble that lasts.
const reminder = time.Minute

// Trouble is what may fail again and again while the store is away. The log hears of
// it when it begins, now and then while it lasts, and when it is over. It is for one
// goroutine at a time.
type Trouble struct {
	Log   *slog.Logger
	What  string // such as "the outbox cannot be read"
	began time.Time
	said  time.Time
}

// Met notes how it went this time: err is nil when it went well.
func (t *Trouble) Met(err error) {
	now := time.Now()
	switch {
	case err == nil && !t.began.IsZero():
		t.Log.Info("it is over: "+t.What, "after", now.Sub(t.began).Round(time.Second))
		t.began, t.said = time.Time{}, time.Time{}
	case err != nil && t.began.IsZero():
		t.began, t.said = now, now
		t.Log.Error(t.What, "error", err)
	case err != nil && now.Sub(t.said) >= reminder:
		t.said = now
		t.Log.Error(t.What, "error", err, "since", now.Sub(t.began).Round(time.Second))
	}
}
