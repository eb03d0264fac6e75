package authflow

import (
	"hash/maphash"
	"iter"
)

// index finds entries by the ids of their logins. It is a hash table with linear
// probing: entries have their ids anyway, and a map, which wants them once more,
// takes three times as much memory.
type index struct {
	seed  maphash.Seed
	slots []*entry // a power of two of them, an eighth of them nil at least
	n     int
}

func newIndex() *index { return &index{seed: maphash.MakeSeed(), slots: make([]*entry, 8)} }

// slot is where the entry of id is, or would be.
func (x *index) slot(id string) int {
	last := len(x.slots) - 1
	i := int(maphash.String(x.seed, id)) & last
	for x.slots[i] != nil && x.slots[i].login() != id {
		i = (i + 1) & last
	}
	return i
}

// get returns the entry of id, or nil.
func (x *index) get(id string) *entry { return x.slots[x.slot(id)] }

// put adds e, in place of one of the same login.
func (x *index) put(e *entry) {
	if x.n >= len(x.slots)/8*7 {
		old := x.slots
		x.slots = make([]*entry, 2*len(old))
		for _, e := range old {
			if e != nil {
				x.slots[x.slot(e.login())] = e
			}
		}
	}
	i := x.slot(e.login())
	if x.slots[i] == nil {
		x.n++
	}
	x.slots[i] = e
}

// remove forgets the entry of id, if there is one. Those behind it are put again: one
// of them may have been there for want of its slot.
func (x *index) remove(id string) {
	i := x.slot(id)
	if x.slots[i] == nil {
		return
	}
	x.slots[i] = nil
	x.n--
	last := len(x.slots) - 1
	for i = (i + 1) & last; x.slots[i] != nil; i = (i + 1) & last {
		e := x.slots[i]
		x.slots[i] = nil
		x.slots[x.slot(e.login())] = e
	}
}

// all are the entries, in no order.
func (x *index) all() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for _, e := range x.slots {
			if e != nil && !yield(e) {
				return
			}
		}
	}
}
