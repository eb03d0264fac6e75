package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// canary is the key of a note that the first start makes and that only the
// store's secret opens.
const canary = "canary"

// checkSecret compares the secret with the one that the store was made with.
func (b *Bot) checkSecret(ctx context.Context) error {
	_, err := openCanary(ctx, b.store, b.keys)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := b.putSealed(ctx, canary, "usher", time.Time{}); err != nil {
		return fmt.Errorf("note the secret: %w", err)
	}
	return nil
}

// openCanary returns the canary. Its error is for an operator to read, or
// store.ErrNotFound where no bot has run yet.
func openCanary(ctx context.Context, s store.Store, k seal.Keys) (store.Blob, error) {
	c := store.Blob{In: store.InNote, ID: canary}
	var err error
	if c.Sealed, err = s.Note(ctx, c.ID); err != nil {
		return c, fmt.Errorf("check the secret: %w", err)
	}
	_, err = k.Open(c.Sealed, c.In, c.ID, c.Person)
	switch {
	case errors.Is(err, seal.ErrWrongKey):
		return c, errors.New("USHER_SECRET is not the secret that this store was made with: set it to that one, " +
			"or set USHER_SECRET_PREVIOUS to that one while you change it")
	case err != nil:
		return c, fmt.Errorf("check the secret: %w", err)
	}
	return c, nil
}

// atOnce is how many blobs are sealed anew at the same time: enough for them to
// share commits, few enough not to keep a running bot waiting.
const atOnce = 64

// Rotate seals all that is in s with the current secret of k where it is still
// sealed with the previous one. Bots may run on s meanwhile, if they have both
// secrets. It may be ended at any time; called again, it goes on where it was.
//
// progress is told how many blobs in store.InLogin and its like are sealed anew so
// far. What neither secret opens is left as it is and returned, an error for each.
//
// The canary comes last: until Rotate has ended, no bot starts without the
// previous secret.
func Rotate(ctx context.Context, s store.Store, k seal.Keys, progress func(in string, resealed int)) (lost []error, err error) {
	last, err := openCanary(ctx, s, k)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	r := rotation{store: s, keys: k, progress: progress, resealed: map[string]int{}}
	// What a bot changed meanwhile was left alone, so the end is a pass that finds
	// nothing to do.
	for r.found = true; r.found; {
		r.found, r.lost = false, nil
		for _, in := range []string{store.InLogin, store.InOrigin, store.InAccount, store.InNote} {
			if err := r.pass(ctx, in); err != nil {
				return nil, err
			}
		}
	}
	if len(last.Sealed) == 0 || k.Current(last.Sealed) {
		return r.lost, nil
	}
	if err := r.reseal(ctx, last); err != nil && !errors.Is(err, store.ErrStale) { // another Rotate was faster
		return nil, err
	}
	return r.lost, nil
}

// rotation is what Rotate has done so far.
type rotation struct {
	store    store.Store
	keys     seal.Keys
	progress func(in string, resealed int)
	resealed map[string]int // by where
	found    bool           // this pass has found something of the previous secret
	lost     []error        // in this pass
}

// pass goes once through all blobs of a kind.
func (r *rotation) pass(ctx context.Context, in string) error {
	for after := ""; ; {
		blobs, err := r.store.Blobs(ctx, in, after, atOnce)
		if err != nil {
			return fmt.Errorf("go through what is sealed: %w", err)
		}
		r.progress(in, r.resealed[in])
		if len(blobs) == 0 {
			return nil
		}
		after = blobs[len(blobs)-1].ID
		blobs = slices.DeleteFunc(blobs, func(b store.Blob) bool {
			return r.keys.Current(b.Sealed) || b.In == store.InNote && (b.ID == canary || !seal.Sealed(b.Sealed))
		})
		if err := r.resealAll(ctx, blobs); err != nil {
			return err
		}
	}
}

// resealAll counts what became of blobs.
func (r *rotation) resealAll(ctx context.Context, blobs []store.Blob) error {
	errs := make([]error, len(blobs))
	var all sync.WaitGroup
	for i, b := range blobs {
		all.Go(func() { errs[i] = r.reseal(ctx, b) })
	}
	all.Wait()
	for i, err := range errs {
		switch {
		case err == nil:
			r.found = true
			r.resealed[blobs[i].In]++
		case errors.Is(err, store.ErrStale):
			r.found = true
		case errors.Is(err, seal.ErrWrongKey), errors.Is(err, seal.ErrBroken):
			r.lost = append(r.lost, err)
		default:
			return err
		}
	}
	return nil
}

// reseal returns store.ErrStale for a blob that is another by now, and the errors
// of seal for one that does not open.
func (r *rotation) reseal(ctx context.Context, b store.Blob) error {
	content, err := r.keys.Open(b.Sealed, b.In, b.ID, b.Person)
	if err != nil {
		return fmt.Errorf("%s %s: %w", b.In, b.ID, err)
	}
	return r.store.Reseal(ctx, b, r.keys.Seal(content, b.In, b.ID, b.Person))
}
