package stand

import "sync"

// Changes tells those who wait that something is different now. The zero value is
// ready, and embedded in a coretest.World.
type Changes struct {
	mu   sync.Mutex
	next chan struct{} // nil: nobody waits
}

// Changed is closed at the next change. Who waits asks for it before looking.
func (c *Changes) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		c.next = make(chan struct{})
	}
	return c.next
}

// Change wakes those who wait.
func (c *Changes) Change() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next != nil {
		close(c.next)
		c.next = nil
	}
}
