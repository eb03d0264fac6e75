package telegram

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/reach"
)

const (
	retries  = 3 // of a call that met an outage
	firstTry = 500 * time.Millisecond
)

// write is a call that changes something in a chat. It follows a group that has
// become a supergroup, and tries again after an outage. A message is not sent again
// when it may have been taken: when there was no answer in time, or one that cannot
// be read. A connection that was closed without a word has taken nothing, as far as
// anybody can tell.
func (a *Adapter) write(ctx context.Context, chat core.Chat, method string, p params, result any, files ...file) error {
	once := method == "sendMessage" || method == "sendPhoto"
	for try := 0; ; try++ {
		to := a.moved.of(chat.ID)
		p["chat_id"] = to
		err := a.soon(ctx, method, p, result, files...)
		r, refused := errors.AsType[*refusal](err)
		switch {
		case try == retries || err == nil:
			return err
		case refused && r.movedTo != 0:
			a.moved.note(to, strconv.FormatInt(r.movedTo, 10))
		case !passing(err) || once && (reach.Garbled(err) || errors.Is(err, reach.ErrTimeout)):
			return err
		default:
			if err := reach.Pause(ctx, firstTry<<try); err != nil {
				return err
			}
		}
	}
}

// moves remember which group became which supergroup. What they forget with the
// process, Telegram tells again. The zero moves are ready.
type moves struct {
	mu sync.Mutex
	to map[string]string
}

func (m *moves) of(chat string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if to, moved := m.to[chat]; moved {
		return to
	}
	return chat
}

func (m *moves) note(from, to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.to == nil {
		m.to = map[string]string{}
	}
	m.to[from] = to
}
