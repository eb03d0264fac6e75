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

// free takes the lock of a key that nobody has; nil when somebody does.
func (k *keyLock) free(key string) (unlock func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, taken := k.held[key]; taken {
		return nil
	}
	return k.take(key)
}

// take makes a lock that nobody has. k.mu is held.
func (k *keyLock) take(key string) (unlock func()) {
	free := make(chan struct{})
	k.held[key] = free
	return func() {
		k.mu.Lock()
		delete(k.held, key)
		k.mu.Unlock()
		close(free)
	}
}

func (k *keyLock) lock(ctx context.Context, key string) (unlock func(), err error) {
	for {
		k.mu.Lock()
		free, taken := k.held[key]
		if !taken {
			unlock = k.take(key)
			k.mu.Unlock()
			return unlock, nil
		}
		k.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
