package slack

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

// leaveWithin is how long Run deletes files at its end.
const leaveWithin = 5 * time.Second

// files are those of images that somebody will need no more at some time: they are
// deleted then, by tidy, or as soon as no message shows them. Which message shows
// which is known to this process alone, and as long as Run runs: it leaves none
// behind. A process that is killed does.
type files struct {
	mu      sync.Mutex
	open    bool // while Run runs
	uploads sync.WaitGroup
	held    map[string]*file // by id
	changed chan struct{}    // holds one when there is something new to do
	told    map[string]bool  // what the operator was told of; see first
}

type file struct {
	on     string    // the message that shows it; see place
	due    time.Time // when it is to be deleted
	misses int       // that it could not be
}

func newFiles() *files {
	return &files{held: map[string]*file{}, changed: make(chan struct{}, 1), told: map[string]bool{}}
}

// place is what a message is known by, or empty for one that nobody knows.
func place(r core.Ref) string {
	if r.Token == "" || r.Token == posted {
		return ""
	}
	return r.Chat.ID + "/" + r.Token.Reveal()
}

// begin reports whether there may be an upload now, which ends with uploads.Done.
func (f *files) begin() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open {
		f.uploads.Add(1)
	}
	return f.open
}

// hold takes a file that is to be deleted at a time; zero: never.
func (f *files) hold(id string, due time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !due.IsZero() {
		f.held[id] = &file{due: due}
		f.wake()
	}
}

// drop takes a file that nobody is to see.
func (f *files) drop(id string) { f.hold(id, time.Now()) }

// posted notes what came of a message with a file. Whether one is seen whose message
// met an outage nobody knows: it stays until it is due.
func (f *files) posted(id, on string, err error) {
	if _, refused := errors.AsType[*refusal](err); refused {
		f.drop(id)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if held := f.held[id]; held != nil && err == nil {
		held.on = on
	}
}

// hidden notes what came of changing a message, which is to show no file any more.
// Where the platform does not let it be changed, that is so because the file is
// deleted.
func (f *files) hidden(on string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if on == "" || err != nil && !errors.Is(err, core.ErrGone) {
		return
	}
	for _, held := range f.held {
		if held.on == on {
			held.due, held.on = time.Now(), ""
			f.wake()
		}
	}
}

// wake lets tidy look again. Callers hold f.mu.
func (f *files) wake() {
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// next is the file to be deleted first, and when; empty: there is none.
func (f *files) next() (id string, due time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for other, held := range f.held {
		if id == "" || held.due.Before(due) {
			id, due = other, held.due
		}
	}
	return id, due
}

// forget lets a file go.
func (f *files) forget(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.held, id)
}

// retry puts off deleting a file, which has failed.
func (f *files) retry(id string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if held := f.held[id]; held != nil {
		held.due = time.Now().Add(reach.Backoff(held.misses, err))
		held.misses++
	}
}

// first reports whether something is told of for the first time.
func (f *files) first(what string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	told := f.told[what]
	f.told[what] = true
	return !told
}

func (f *files) setOpen(to bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open = to
}

// tidy deletes each file when it is due, as long as ctx, and then all of them.
func (a *Adapter) tidy(ctx context.Context) {
	for ctx.Err() == nil {
		id, due := a.files.next()
		var alarm <-chan time.Time
		if id != "" {
			left := time.Until(due)
			if left <= 0 {
				a.discard(ctx, id)
				continue
			}
			alarm = time.After(left)
		}
		select {
		case <-alarm:
		case <-a.files.changed:
		case <-ctx.Done():
		}
	}
	a.leave(context.WithoutCancel(ctx))
}

// leave deletes all files, whoever shows them, once no more can come.
func (a *Adapter) leave(ctx context.Context) {
	a.files.setOpen(false)
	a.files.uploads.Wait()
	ctx, stop := context.WithTimeoutCause(ctx, leaveWithin, reach.ErrTimeout)
	defer stop()
	for id, _ := a.files.next(); id != ""; id, _ = a.files.next() {
		if err := a.deleteFile(ctx, id); err != nil {
			a.log.Warn("an image is left behind at Slack", "platform", platform, "file", id, "error", err)
		}
		a.files.forget(id)
	}
}

// discard deletes a file that is due, or puts that off.
func (a *Adapter) discard(ctx context.Context, id string) {
	err := a.deleteFile(ctx, id)
	_, slow := errors.AsType[*core.Slow](err)
	switch {
	case err == nil:
		a.files.forget(id)
	case ctx.Err() != nil:
	case slow, passing(err):
		a.files.retry(id, err)
	default:
		a.log.Warn("an image cannot be deleted, and is left behind at Slack", "platform", platform, "file", id, "error", err)
		a.files.forget(id)
	}
}

// deleteFile deletes a file. One that is not there is no error.
func (a *Adapter) deleteFile(ctx context.Context, id string) error {
	err := a.call(ctx, "files.delete", func(ctx context.Context) error { return a.web.DeleteFileContext(ctx, id) })
	if says(err, "file_not_found") || says(err, "file_deleted") {
		return nil
	}
	return err
}
