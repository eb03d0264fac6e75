package stand

import (
	"net/http"
	"sync"
)

// Log is what has arrived, in order, each as the platform's people speak of it.
// The zero value is empty.
type Log[Request any] struct {
	mu   sync.Mutex
	seen []*Request
}

// Add keeps a request, which is changed by Settle alone from now on.
func (l *Log[Request]) Add(r *Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, r)
}

// Settle lets f note in a request how it was answered.
func (l *Log[Request]) Settle(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// Those returns the requests that are wanted.
func (l *Log[Request]) Those(wanted func(Request) bool) []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Request
	for _, r := range l.seen {
		if wanted(*r) {
			out = append(out, *r)
		}
	}
	return out
}

// Told is where an answer is written, and tells its status: 0 is that there was
// none.
type Told struct {
	http.ResponseWriter
	Status int
}

// WriteHeader notes the status and passes it on.
func (t *Told) WriteHeader(status int) {
	t.Status = status
	t.ResponseWriter.WriteHeader(status)
}

// Write begins an answer with 200 unless it has begun, and passes it on.
func (t *Told) Write(b []byte) (int, error) {
	if t.Status == 0 {
		t.Status = http.StatusOK
	}
	return t.ResponseWriter.Write(b)
}
