package core

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/usherbot/usher/core/seal"
)

// thread is what a login remembers of its chat: authflow keeps it as Origin.
type thread struct {
	Message string   `json:"message,omitempty"` // stays while the card is one message, whatever its Ref
	User    User     `json:"user"`
	Chat    Chat     `json:"chat"` // where the person asked
	Card    cardRef  `json:"card"`
	Check   bool     `json:"check,omitempty"` // the card has [Check]: it cannot move
	QR      bool     `json:"qr,omitempty"`    // the card shows its link as a QR code
	Wait    *waiting `json:"wait,omitempty"`
}

// cardRef is a Ref in clear, on its way into the sealed origin.
type cardRef struct {
	Chat  Chat      `json:"chat"`
	Token string    `json:"token"`
	Until time.Time `json:"until,omitzero"`
}

func (c cardRef) ref() Ref { return Ref{c.Chat, seal.Secret(c.Token), c.Until} }
func reveal(r Ref) cardRef { return cardRef{r.Chat, r.Token.Reveal(), r.Until} }

func (t thread) pack() []byte {
	b, err := json.Marshal(t)
	if err != nil {
		panic(fmt.Sprintf("core: encode thread: %v", err)) // it has nothing that JSON lacks
	}
	return b
}

func unpackThread(b []byte) (thread, error) {
	var t thread
	if err := json.Unmarshal(b, &t); err != nil {
		return t, fmt.Errorf("decode thread: %w", err)
	}
	return t, nil
}

// on is t with its card at a message of it that was pressed, which can be edited for
// longer now.
func (t thread) on(pressed Ref) thread {
	if !pressed.Until.IsZero() {
		t.Card, t.Check = reveal(pressed), false
	}
	return t
}

// ahead is how long before the bot can edit a card no more the card moves.
const ahead = time.Minute

// wake is when the card must move, to the millisecond as the store keeps it; zero:
// never.
func (t thread) wake() time.Time {
	if t.Card.Until.IsZero() || t.Check {
		return time.Time{}
	}
	return t.Card.Until.Add(-ahead).Truncate(time.Millisecond)
}
