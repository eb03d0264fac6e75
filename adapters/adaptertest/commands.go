package adaptertest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/markup"
)

// addCommands adds what the conversations use beside the built-in commands.
func addCommands(bot *core.Bot, issuer string) {
	bot.Add(
		core.Command{Name: "whois", Summary: "Asks Demo who you are", Needs: core.Login("demo"), Run: whois(issuer)},
		core.Command{Name: "wipe", Summary: "Wipes your Demo disk", Needs: core.Login("demo"), Confirm: true, Run: answer("Wiped.")},
		core.Command{Name: "star", Summary: "Gives a star on Demo", Needs: core.Login("demo", "stars"), Run: answer("Starred.")},
		core.Command{Name: "dice", Summary: "Rolls a die", Run: dice},
		core.Command{Name: "greet", Summary: "Greets somebody", Options: []core.Option{whom.Required(), how}, Run: greet},
		core.Command{Name: "order", Summary: "Orders a pizza", Run: order},
		core.Command{Name: "secret", Summary: "Keeps a secret", Private: true, Run: secret},
		core.Command{Name: "toppings", Summary: "Chooses toppings", Run: toppings},
		core.Command{Name: "slow", Summary: "Takes its time", Run: slow},
	)
	bot.On("roll", func(ctx context.Context, in *core.Invocation) error {
		return in.Update(ctx, core.Message{Text: "You rolled another 4."})
	})
	bot.On("wave", func(ctx context.Context, in *core.Invocation) error {
		return in.Update(ctx, core.Message{Text: markup.F("%s waves back.", in.From.Name)})
	})
	bot.On("secret", answer("Kept."))
	bot.On("toppings", func(ctx context.Context, in *core.Invocation) error {
		return in.Update(ctx, core.Message{Text: markup.F("With %s.", strings.Join(in.Picked, " and "))})
	})
	bot.On("order", func(ctx context.Context, in *core.Invocation) error {
		_, err := in.Reply(ctx, core.Message{Text: markup.F("A %s %s for %s.", in.Values["size"], in.Values["kind"], in.From.Name)})
		return err
	})
}

func answer(text markup.Text) core.Handler {
	return func(ctx context.Context, in *core.Invocation) error {
		_, err := in.Reply(ctx, core.Message{Text: text})
		return err
	}
}

func whois(issuer string) core.Handler {
	return func(ctx context.Context, in *core.Invocation) error {
		client, err := in.Client(ctx, "demo")
		if err != nil {
			return err
		}
		account, err := in.Account(ctx, "demo")
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+string(authtest.UserInfo), nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil {
			return err
		}
		return answer(markup.F("Demo says %d: you are %s.", resp.StatusCode, account.Who.Name))(ctx, in)
	}
}

func dice(ctx context.Context, in *core.Invocation) error {
	again := core.Button{Label: "Roll again", Do: core.Action{Name: "roll", Only: in.From, For: 5 * time.Minute}}
	_, err := in.Reply(ctx, core.Message{Text: "You rolled a 4.", Rows: [][]core.Control{{again}}})
	return err
}

var (
	whom = core.Person("who", "whom to greet")
	how  = core.String("how", "in which words")
)

// greet lets the one who was greeted, and nobody else, wave back.
func greet(ctx context.Context, in *core.Invocation) error {
	words, given := how.Get(in)
	if !given {
		words = "Hello"
	}
	who := whom.Of(in)
	_, err := in.Reply(ctx, core.Message{Text: markup.F("%s, %s!", words, markup.Person(who.Key(), who.ID)), Rows: [][]core.Control{{
		core.Button{Label: "Wave back", Do: core.Action{Name: "wave", Only: who}},
	}}})
	return err
}

func order(ctx context.Context, in *core.Invocation) error {
	return in.Ask(ctx, core.Form{Title: "Your pizza", Do: core.Action{Name: "order"}, Inputs: []core.Input{
		{Name: "kind", Label: "Kind", Hint: "such as Margherita"},
		{Name: "size", Label: "Size", Choices: []core.Choice{{Label: "Small", Value: "small"}, {Label: "Large", Value: "large"}}},
	}})
}

func secret(ctx context.Context, in *core.Invocation) error {
	return in.Ask(ctx, core.Form{Title: "Your secret", Do: core.Action{Name: "secret"}, Inputs: []core.Input{{Name: "secret", Label: "Your secret"}}})
}

func toppings(ctx context.Context, in *core.Invocation) error {
	_, err := in.Reply(ctx, core.Message{Text: "Toppings?", Rows: [][]core.Control{{core.Select{
		Hint: "Pick", Min: 1, Max: 2, Choices: []core.Choice{{Label: "Olives", Value: "olives"}, {Label: "Capers", Value: "capers"}},
		Do: core.Action{Name: "toppings", Only: in.From},
	}}}})
	return err
}

// slow leaves time for the bot to die in.
func slow(ctx context.Context, in *core.Invocation) error {
	select {
	case <-time.After(10 * time.Second):
		return answer("Done at last.")(ctx, in)
	case <-ctx.Done():
		return ctx.Err()
	}
}
