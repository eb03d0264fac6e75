package authflow

import (
	"context"
	"sync"
)

// keyLock is a lock per key that gives up with its caller's context.
type keyLock struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

func newKeyLock() keyLock { return keyLock{held: map[string]chan struct{}{}} }

func (k *keyLock) lock(ctx context.Context, key string) (unlock func(), err error) {
	for {
		k.mu.Lock()
		free, taken := k.held[key]
		if !taken {
			free = make(chan struct{})
			k.held[key] = free
			k.mu.Unlock()
			return func() {
				k.mu.Lock()
				delete(k.held, key)
				k.mu.Unlock()
				close(free)
			}, nil
		}
		k.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
