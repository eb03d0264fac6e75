package telegram

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestOffset(t *testing.T) {
	tests := []struct {
		name  string
		steps func(o *offset)
		want  int64 // what the next poll confirms
		open  bool
	}{
		{"nothing yet", func(*offset) {}, 0, false},
		{"taken", func(o *offset) { o.take(10) }, 10, true},
		{"safe", func(o *offset) { o.take(10); o.safe(10) }, 11, false},
		{"the second is safe first", func(o *offset) { o.take(10); o.take(11); o.safe(11) }, 10, true},
		{"both, in the wrong order", func(o *offset) { o.take(10); o.take(11); o.safe(11); o.safe(10) }, 12, false},
		{"taken in the wrong order", func(o *offset) { o.take(11); o.take(10); o.safe(11) }, 10, true},
		{"with a gap", func(o *offset) { o.take(10); o.take(15); o.safe(10) }, 15, true},
		{"an old one comes late", func(o *offset) { o.take(10); o.safe(10); o.confirm(); o.take(7) }, 11, false},
		{"an old one comes late, before that was confirmed", func(o *offset) { o.take(10); o.safe(10); o.take(7) }, 7, true},
		{"safe twice", func(o *offset) { o.take(10); o.safe(10); o.safe(10) }, 11, false},
		{"safe that never was taken", func(o *offset) { o.safe(10) }, 0, false},
		{"numbers begin anew far above", func(o *offset) { o.take(10); o.safe(10); o.take(7_000_000); o.safe(7_000_000) }, 7_000_001, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffset()
			tt.steps(o)
			if got := o.confirm(); got != tt.want || o.open() != tt.open {
				t.Errorf("got %d, open %v, want %d, %v", got, o.open(), tt.want, tt.open)
			}
			if len(o.held) > 2 {
				t.Errorf("got %d updates remembered, want those from the offset on", len(o.held))
			}
		})
	}
}

func TestOffsetTakesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffset()
		take := func(id int64, want bool) {
			t.Helper()
			if got := o.take(id); got != want {
				t.Errorf("take %d after %s: got %v, want %v", id, fmt.Sprint(time.Now().Format("15:04:05")), got, want)
			}
		}
		take(10, true)
		take(11, true)
		take(10, false)
		o.safe(11)
		take(11, false) // it waits for 10
		time.Sleep(unheld)
		take(10, true) // whoever had it has let it fall
		take(10, false)
		take(11, false)
	})
}

// One person whose command takes for ever does not keep others' from coming.
func TestOffsetWindow(t *testing.T) {
	o := newOffset()
	for id := int64(1); id <= window; id++ {
		o.take(id)
	}
	if got := o.confirm(); got != 1 {
		t.Errorf("got %d, want 1: all of them are held", got)
	}
	o.take(window + 1)
	if got := o.confirm(); got != 2 {
		t.Errorf("got %d, want 2: the oldest is let go", got)
	}
	o.safe(1)
	o.safe(2)
	if got := o.confirm(); got != 3 {
		t.Errorf("got %d, want 3", got)
	}
}

// Polls are kept apart where they would bring nothing.
func TestOffsetWaits(t *testing.T) {
	tests := []struct {
		name string
		do   func(o *offset)
		news bool
		held time.Duration // that the poll was held
		want time.Duration
	}{
		{"all safe", func(*offset) {}, true, 0, 0},
		{"soon safe", func(o *offset) { o.take(1); time.AfterFunc(30*time.Millisecond, func() { o.safe(1) }) }, true, 0, 30 * time.Millisecond},
		{"not safe", func(o *offset) { o.take(1) }, true, 0, settle},
		{"no news, at once", func(*offset) {}, false, 0, again},
		{"no news, held", func(*offset) {}, false, pollFor, 0},
		{"still not safe", func(o *offset) { o.take(1) }, false, 0, again},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffset()
				tt.do(o)
				began := time.Now()
				o.wait(t.Context(), tt.news, began.Add(-tt.held))
				if got := time.Since(began); got != tt.want {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			})
		})
	}
}
