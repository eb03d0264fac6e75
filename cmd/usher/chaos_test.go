//go:build unix

package main

import (
	"flag"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/usherbot/usher/core/store/storetest/pgtest"
)

// The chaos tests let processes die at the worst moments, and hold what is left
// against what was promised.
//
// chaos_test.go says what befalls whom. Each scenario is a chaos (chaos_world_test.go):
// replicas of the bot in processes of their own (chaos_replica_test.go), which reach
// the platform and the provider through a door each (chaos_door_test.go), and people
// who sign in (chaos_people_test.go). A door sees all that a replica does, its steps
// in the store too: there faults strike. In the end chaos_judge_test.go reads the
// database and what was seen at the doors. chaos_random_test.go does it for as long
// as one likes: make chaos.

var (
	chaosSeed = flag.Uint64("chaos.seed", 1, "what random moments and faults are drawn from")
	chaosFor  = flag.Duration("chaos.for", 10*time.Second, "for how long random faults strike")
)

// atOnce is how many scenarios run at a time. They mostly wait.
const atOnce = 16

// frozenFor is longer than a lease.
const frozenFor = 17 * time.Second

// scenario is what happens to replicas while people sign in.
type scenario struct {
	name     string
	replicas int // of more than one on PostgreSQL; one alone is on SQLite
	// strikes the first time that its point is reached, or nil
	fault *fault
	// happens when everybody has a card, or nil
	meanwhile func(t *testing.T, w *chaos)
	spoils    bool // the database server, which is none that others use then
	random    bool // people come and go, and all kinds of faults strike
}

// at makes a fault.
func at(when moment, at point, what deed) *fault { return &fault{when: when, at: at, what: what} }

// scenarios are played in this order: those that take longest come first.
var scenarios = []scenario{
	{name: "alone, at random", replicas: 1, random: true},
	{name: "three, at random", replicas: 3, random: true, spoils: true},

	{name: "two, killed before the row", replicas: 2, fault: at(before, inserting, kill)},
	{name: "two, killed while all wait", replicas: 2, meanwhile: killed},
	{name: "two, killed before it hears of the token", replicas: 2, fault: at(after, issuing, kill)},
	{name: "two, killed in the commit", replicas: 2, fault: at(during, linking, kill)},
	{name: "two, killed after it told", replicas: 2, fault: at(after, telling, kill)},
	{name: "two, one stands still while all wait", replicas: 2, meanwhile: standsStill},
	{name: "two, one stands still with a token", replicas: 2, fault: at(after, issuing, freeze)},
	{name: "two, one stands still before it keeps the token", replicas: 2, fault: at(before, granting, freeze)},
	{name: "two, one stands still before it links", replicas: 2, fault: at(before, linking, freeze)},
	{name: "two, one stands still before it tells", replicas: 2, fault: at(before, telling, freeze)},
	{name: "two, a clock jumps", replicas: 2, meanwhile: clockJumps},
	{name: "two, the database is killed", replicas: 2, meanwhile: databaseKilled, spoils: true},
	{name: "three, killed in the commit", replicas: 3, fault: at(during, granting, kill)},
	{name: "three, killed while others wake up", replicas: 3, meanwhile: killedByTurns},

	{name: "alone, killed before the row", replicas: 1, fault: at(before, inserting, kill)},
	{name: "alone, killed before the card", replicas: 1, fault: at(after, inserting, kill)},
	{name: "alone, killed after the card", replicas: 1, fault: at(after, showing, kill)},
	{name: "alone, killed before it notes the card", replicas: 1, fault: at(before, keeping, kill)},
	{name: "alone, killed while all wait", replicas: 1, meanwhile: killed},
	{name: "alone, killed before it hears of the token", replicas: 1, fault: at(after, issuing, kill)},
	{name: "alone, killed before it keeps the token", replicas: 1, fault: at(before, granting, kill)},
	{name: "alone, killed while it keeps the token", replicas: 1, fault: at(during, granting, kill)},
	{name: "alone, killed once the token is kept", replicas: 1, fault: at(after, granting, kill)},
	{name: "alone, killed while it links", replicas: 1, fault: at(during, linking, kill)},
	{name: "alone, killed before it tells", replicas: 1, fault: at(before, telling, kill)},
	{name: "alone, killed after it told", replicas: 1, fault: at(after, telling, kill)},
	{name: "alone, killed while it notes that it told", replicas: 1, fault: at(during, dropping, kill)},
	{name: "alone, killed in a refusal", replicas: 1, fault: at(during, ending, kill)},
	{name: "alone, its clock jumps", replicas: 1, meanwhile: clockJumps},
}

func killed(_ *testing.T, w *chaos) {
	w.rest(3 * interval) // who takes their time is polled again and again
	w.befall(w.replicas[0], kill)
}

func killedByTurns(t *testing.T, w *chaos) {
	w.replicas[0].strike(kill)
	w.replicas[1].strike(freeze)
	w.replicas[0].start(t)
	w.rest(frozenFor)
	w.replicas[2].strike(kill)
}

func standsStill(_ *testing.T, w *chaos) {
	w.replicas[0].strike(freeze)
	w.rest(frozenFor)
}

func clockJumps(t *testing.T, w *chaos) {
	r := w.replicas[0]
	for _, ahead := range []time.Duration{time.Hour, -time.Hour, 0} {
		r.setClock(t, ahead)
		w.rest(2 * time.Second)
	}
	r.setClock(t, time.Hour) // and stays so: others' clocks are right
}

func databaseKilled(t *testing.T, w *chaos) {
	for _, away := range []time.Duration{2 * time.Second, frozenFor} {
		w.restartDatabase(t, away)
		w.rest(2 * time.Second)
	}
}

// TestChaos plays the scenarios, many at a time.
func TestChaos(t *testing.T) {
	t.Logf("-chaos.seed=%d", *chaosSeed)
	db := pgtest.Start(t)
	var all sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i, s := range scenarios {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			t.Run(s.name, func(t *testing.T) { s.play(t, db, rand.New(rand.NewPCG(*chaosSeed, uint64(i)))) })
		})
	}
	all.Wait()
}
