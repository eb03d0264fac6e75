package core

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
)

// membersAtOnce is how many people of a workspace are read at once.
const membersAtOnce = 100

// forget asks before it erases.
func (b *Bot) forget(ctx context.Context, in *Invocation) error {
	w := &b.words
	_, err := in.Reply(ctx, Message{Text: w.Forget, Rows: [][]Control{{
		Button{Label: markup.Visible(w.ForgetYes), Tone: Bad, Do: Action{Name: "~forget", Only: in.From, For: askFor}},
		Button{Label: markup.Visible(w.ForgetNo), Do: Action{Name: "~keep", Only: in.From, For: askFor}},
	}}})
	return err
}

func (b *Bot) pressKeep(ctx context.Context, in *Invocation) error {
	return in.Update(ctx, Message{Text: b.words.Kept})
}

// pressForget erases everything of the person, and says of each provider whether
// it has ended its access.
func (b *Bot) pressForget(ctx context.Context, in *Invocation) error {
	in.private = true
	person, err := in.personID(ctx)
	if err != nil {
		return err
	}
	lines, ended, err := b.erase(ctx, person)
	for _, login := range ended { // now, because the outbox is erased as well
		if err := b.tell(ctx, login); err != nil {
			b.log.Warn("a card cannot be changed", "login", login.ID, "error", err)
		}
	}
	if err != nil {
		return err
	}
	for _, note := range []string{latest(in.From), questionName(in.From, in.Chat)} {
		if err := b.dropNote(ctx, note); err != nil {
			return err
		}
	}
	return in.Update(ctx, Message{Text: join(append([]markup.Text{b.words.Forgotten}, lines...))})
}

// forgetWorkspace erases everything of the people of a workspace that has removed
// the bot. There is nobody left to tell.
func (b *Bot) forgetWorkspace(ctx context.Context, chat Chat) error {
	log := b.log.With("platform", chat.Platform, "team", chat.Team)
	log.Info("a workspace removed the bot")
	if b.logins == nil || chat.Team == "" {
		return nil
	}
	erased := 0
	for {
		persons, err := b.store.Members(ctx, chat.Platform, chat.Team, membersAtOnce)
		if err != nil {
			return fmt.Errorf("forget workspace %s: %w", chat.Team, err)
		}
		if err := b.eraseAll(ctx, persons); err != nil {
			return fmt.Errorf("forget workspace %s: %w", chat.Team, err)
		}
		if erased += len(persons); len(persons) < membersAtOnce {
			log.Info("a workspace was forgotten", "persons", erased)
			return nil
		}
	}
}

// eraseAll erases persons at the same time.
func (b *Bot) eraseAll(ctx context.Context, persons []string) error {
	errs := make([]error, len(persons))
	var all sync.WaitGroup
	for i, person := range persons {
		all.Go(func() { _, _, errs[i] = b.erase(ctx, person) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// erase ends the logins of a person and erases all that the store has of them. It
// returns what became of each access, and the logins that it ended.
func (b *Bot) erase(ctx context.Context, person string) ([]markup.Text, []authflow.Login, error) {
	ended, err := b.cancelLogins(ctx, person)
	if err != nil {
		return nil, ended, err
	}
	lines, err := b.signOutEverywhere(ctx, person, b.ended)
	if err != nil {
		return nil, ended, err
	}
	if err := b.store.Forget(ctx, person); err != nil {
		return nil, ended, fmt.Errorf("forget person: %w", err)
	}
	return lines, ended, nil
}
