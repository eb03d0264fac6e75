package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// What the bot and Telegram know of each other.
const (
	telegramToken  = "1:bench"
	telegramSecret = "a-webhook-secret-for-a-benchmark"
)

// secretHeader carries the secret.
const secretHeader = "X-Telegram-Bot-Api-Secret-Token" //nolint:gosec // a header's name

// update is a command in the chat with the bot alone.
const update = `{"update_id":%[1]d,"message":{"message_id":%[1]d,"date":%[2]d,` +
	`"from":{"id":%[3]d,"is_bot":false,"first_name":"Person","last_name":"%[3]d","username":"person%[3]d","language_code":"en"},` +
	`"chat":{"id":%[3]d,"first_name":"Person","last_name":"%[3]d","username":"person%[3]d","type":"private"},` +
	`"text":"/%[4]s %[5]s","entities":[{"offset":0,"length":%[6]d,"type":"bot_command"}]}}`

func deliverTelegram(ctx context.Context, bot string, c call) (*http.Request, error) {
	body := fmt.Sprintf(update, c.number, time.Now().Unix(), c.person(), c.command, c.text(), 1+len(c.command))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, bot+"/telegram/webhook", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(secretHeader, telegramSecret)
	return req, nil
}

// telegramAPI tells who the bot is, takes its menu and webhook, and its messages.
func telegramAPI(heard func(string)) map[string]http.HandlerFunc {
	const base = "POST /bot" + telegramToken + "/"
	return map[string]http.HandlerFunc{
		base + "getMe":            says(`{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"usher","username":"usher_bot"}}`),
		base + "setWebhook":       says(`{"ok":true,"result":true}`),
		base + "getMyCommands":    says(`{"ok":true,"result":[]}`),
		base + "setMyCommands":    says(`{"ok":true,"result":true}`),
		base + "deleteMyCommands": says(`{"ok":true,"result":true}`),
		base + "sendMessage": func(w http.ResponseWriter, r *http.Request) {
			heard(r.FormValue("text"))
			chat := r.FormValue("chat_id")
			reply(w, `{"ok":true,"result":{"message_id":1,"date":1700000000,"from":{"id":1,"is_bot":true,"first_name":"usher","username":"usher_bot"},`+
				`"chat":{"id":`+chat+`,"first_name":"Person","username":"person`+chat+`","type":"private"},"text":"`+r.FormValue("text")+`"}}`)
		},
	}
}
