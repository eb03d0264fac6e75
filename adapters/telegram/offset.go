package telegram

import (
	"context"
	"sync"
	"time"
)

// window is how many updates may be unsafe at once. Telegram gives out the oldest
// hundred that are not confirmed: if more were held back, one slow person could
// keep everybody else's from coming.
const window = 64

const (
	settle = 100 * time.Millisecond // that is waited for updates to become safe
	again  = 250 * time.Millisecond // at least, between polls that bring no news
	unheld = time.Minute            // after which an update that is still not safe is taken again
)

// offset knows which updates Telegram may forget: those before the first that is
// not safe yet.
type offset struct {
	mu      sync.Mutex
	next    int64          // what is before it may be confirmed by the next poll; 0: nothing is known
	asked   int64          // what is before it was confirmed by the last poll
	top     int64          // the last that was taken
	held    map[int64]hold // taken, and not before next
	changed chan struct{}  // something became safe
}

// hold is an update that was taken.
type hold struct {
	safe  bool
	since time.Time
}

func newOffset() *offset {
	return &offset{held: map[int64]hold{}, changed: make(chan struct{}, 1)}
}

// take notes that an update has come. It reports false when that is being worked
// on already. One that comes after it was confirmed is for the bot to recognise.
func (o *offset) take(id int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if h, known := o.held[id]; known && (h.safe || time.Since(h.since) < unheld) {
		return false
	}
	if id >= o.asked {
		o.held[id] = hold{since: time.Now()}
		o.top = max(o.top, id)
		o.advance()
	}
	return true
}

// safe notes that an update can no longer be lost.
func (o *offset) safe(id int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, known := o.held[id]; known {
		o.held[id] = hold{safe: true}
		o.advance()
	}
	select {
	case o.changed <- struct{}{}:
	default: // somebody is about to look
	}
}

// advance moves next to the first update that is not safe, or past them all. The
// oldest beyond the window count as safe: they are in this process's hands.
func (o *offset) advance() {
	for {
		first, unsafe := o.top+1, 0
		for id, h := range o.held {
			if !h.safe {
				first, unsafe = min(first, id), unsafe+1
			}
		}
		o.next = first
		if unsafe <= window {
			break
		}
		o.held[first] = hold{safe: true}
	}
	for id := range o.held {
		if id < o.next {
			delete(o.held, id)
		}
	}
}

// confirm is the offset of the next poll; 0: none.
func (o *offset) confirm() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = o.next
	return o.next
}

// open reports whether updates are not safe yet.
func (o *offset) open() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.top != 0 && o.next <= o.top
}

// wait comes between polls. It gives what was handed over a moment to become
// safe, so that the next poll does not bring it again; and polls that bring no
// news although they were not held are kept apart.
func (o *offset) wait(ctx context.Context, news bool, began time.Time) {
	limit := settle
	if !news {
		limit = again - time.Since(began)
	}
	over := time.NewTimer(limit)
	defer over.Stop()
	for !news || o.open() {
		select {
		case <-o.changed:
		case <-over.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
