package core_test

import (
	"context"
	"fmt"
	"log"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store/sqlstore"
)

// A bot with one command, and somebody who uses it.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	db, err := sqlstore.Open(ctx, sqlstore.Memory)
	if err != nil {
		log.Fatal(err)
	}
	keys, err := seal.NewKeys("at least thirty-two characters, made up once", "")
	if err != nil {
		log.Fatal(err)
	}
	bot := core.New(core.Options{Store: db, Keys: keys})

	pizza := core.Pick("pizza", "which one", core.Choice{Label: "Margherita"}, core.Choice{Label: "Funghi"}).Required()
	pieces := core.Int("pieces", "how many").Range(1, 8)
	bot.Add(core.Command{
		Name: "order", Summary: "Orders a pizza", Options: []core.Option{pizza, pieces},
		Run: func(ctx context.Context, in *core.Invocation) error {
			n, given := pieces.Get(in)
			if !given {
				n = 8
			}
			_, err := in.Reply(ctx, core.Message{Text: markup.F("*%s*, in %d pieces.", pizza.Of(in), n)})
			return err
		},
	})

	chat := coretest.New(coretest.Options{})
	bot.Connect(chat)
	ended := make(chan error)
	go func() { ended <- bot.Run(ctx) }()

	for _, say := range []string{"/order funghi 6", "/order calzone", "/ordr funghi"} {
		chat.Say("alice", "#lunch", say)
	}
	for _, part := range []string{"pieces.", "one of", "Did you mean"} {
		seen, err := coretest.Wait(ctx, chat, "alice", "#lunch", part)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(seen.Text)
	}
	stop()
	fmt.Println(<-ended, db.Close())
	// Output:
	// Funghi, in 6 pieces.
	// pizza must be one of Margherita, Funghi, not “calzone”.
	// Usage: /order pizza [pieces]
	// I do not know /ordr. Did you mean /order?
	// <nil> <nil>
}
