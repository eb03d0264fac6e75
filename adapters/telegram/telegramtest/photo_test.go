package telegramtest_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"strings"
	"testing"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/usherbot/usher/adapters/telegram/telegramtest"
	"github.com/usherbot/usher/core/coretest"
)

// picture is a PNG of that size.
func picture(width, height int) []byte {
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.Black})); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// upload calls a method with files and reads no more than whether it was done.
func (b bot) upload(method string, p params, files map[string][]byte) (*tgbotapi.APIResponse, error) {
	var all []tgbotapi.RequestFile
	for name, data := range files {
		all = append(all, tgbotapi.RequestFile{Name: name, Data: tgbotapi.FileBytes{Name: name + ".png", Bytes: data}})
	}
	return b.api.UploadFiles(method, p, all)
}

// uploads wants an upload to be taken, or refused with what comes after "Bad Request: ".
func (b bot) uploads(method string, p params, files map[string][]byte, want string) {
	b.Helper()
	res, err := b.upload(method, p, files)
	switch {
	case err == nil && want != "":
		b.Errorf("%s: got %s, want %s", method, res.Result, want)
	case err != nil && (want == "" || err.Error() != "Bad Request: "+want):
		b.Errorf("%s: got %v, want %q", method, err, want)
	}
}

func TestPhoto(t *testing.T) {
	x, small := strings.Repeat, picture(20, 10)
	with := func(data []byte) map[string][]byte { return map[string][]byte{"photo": data} }
	tests := []struct {
		name  string
		p     params
		files map[string][]byte
		want  string
	}{
		{"without a caption", nil, with(small), ""},
		{"by another name", params{"photo": "attach://p"}, map[string][]byte{"p": small}, ""},
		{"longest caption, trimmed", params{"caption": x("😀", 1024) + "\n"}, with(small), ""},
		{"long caption", params{"caption": x("é", 1025)}, with(small), "message caption is too long"},
		{"entities", params{"caption": "Hi", "caption_entities": "[" + mark("bold", 0, 2, "") + "]"}, with(small), ""},
		{"entities past the end", params{"caption": "Hi", "caption_entities": "[" + mark("bold", 0, 3, "") + "]"}, with(small), "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 3"},
		{"no entities", params{"caption_entities": "bold"}, with(small), "can't parse caption entities JSON object"},
		{"parse mode", params{"parse_mode": "HTML"}, with(small), "unsupported parse_mode"},
		{"no markup", params{"reply_markup": "["}, with(small), "can't parse reply keyboard markup JSON object"},
		{"no photo", nil, nil, "there is no photo in the request"},
		{"no file of that name", params{"photo": "attach://p"}, with(small), "there is no photo in the request"},
		{"of the web", params{"photo": "https://a.example/b.png"}, nil, "wrong file identifier/HTTP URL specified"},
		{"no picture", nil, with([]byte("<svg/>")), "IMAGE_PROCESS_FAILED"},
		{"widest", nil, with(picture(200, 10)), ""},
		{"too wide", nil, with(picture(201, 10)), "PHOTO_INVALID_DIMENSIONS"},
		{"too high", nil, with(picture(1, 21)), "PHOTO_INVALID_DIMENSIONS"},
		{"too many points", nil, with(picture(5000, 5001)), "PHOTO_INVALID_DIMENSIONS"},
		{"too many bytes", nil, with(make([]byte, 10<<20+1)), "file of size 10485761 bytes is too big for a photo; the maximum size is 10485760 bytes"},
		{"unknown chat", params{"chat_id": "12"}, with(small), "chat not found"},
		{"reply to nothing", params{"reply_parameters": `{"message_id":99}`}, with(small), "message to be replied not found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, telegramtest.Options{}, func(b bot) {
				p := params{"chat_id": id(b.meet("alice", "#general"))}
				maps.Copy(p, tt.p)
				b.uploads("sendPhoto", p, tt.files, tt.want)
			})
		})
	}
}

func TestPhotoSeen(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		chat := b.meet("alice", "#general")
		p := params{"chat_id": id(chat), "caption": "Look", "show_caption_above_media": "true", "reply_markup": one(`"callback_data":"x"`)}
		b.uploads("sendPhoto", p, map[string][]byte{"photo": picture(20, 10)}, "")
		got := b.newest("alice", "#general")
		want := coretest.Seen{ID: got.ID, Text: "Look", Controls: []coretest.Control{
			{Kind: coretest.Picture, Data: picture(20, 10)}, {Kind: coretest.Button, Label: "B", Key: "x"},
		}}
		if asJSON(got) != asJSON(want) {
			t.Errorf("got %s, want %s", asJSON(got), asJSON(want))
		}
		try(t, b.srv.Press("alice", got, "B"))
		m := b.next().CallbackQuery.Message
		if len(m.Photo) != 1 || m.Photo[0].Width != 20 || m.Photo[0].Height != 10 || m.Caption != "Look" || m.Text != "" {
			t.Errorf("got a press on %+v, want the photo", m)
		}
		sent := b.srv.Requests("sendPhoto")[0]
		if got := fmt.Sprintf("%v", sent); got != "sendPhoto caption chat_id reply_markup show_caption_above_media photo 200" || len(sent.Files["photo"]) == 0 {
			t.Errorf("got %q, want names only", got)
		}
	})
}

func TestEditMedia(t *testing.T) {
	tests := []struct {
		name, media string
		want        string
	}{
		{"a photo", `{"type":"photo","media":"attach://p","caption":"New"}`, ""},
		{"none", "", "can't parse InputMedia: Can't find field \"type\""},
		{"no JSON", "photo", "can't parse input media JSON object"},
		{"a video", `{"type":"video","media":"attach://p"}`, "can't parse InputMedia: photo expected, got video"},
		{"no file", `{"type":"photo"}`, "can't parse InputMedia: media not found"},
		{"no file of that name", `{"type":"photo","media":"attach://q"}`, "can't parse InputMedia: media not found"},
		{"long caption", `{"type":"photo","media":"attach://p","caption":"` + strings.Repeat("é", 1025) + `"}`, "message caption is too long"},
		{"parse mode", `{"type":"photo","media":"attach://p","parse_mode":"HTML"}`, "unsupported parse_mode"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, telegramtest.Options{}, func(b bot) {
				chat := b.meet("alice", "#general")
				p := params{"chat_id": id(chat), "message_id": fmt.Sprint(b.say(chat, "Old").MessageID), "media": tt.media}
				b.uploads("editMessageMedia", p, map[string][]byte{"p": picture(20, 10)}, tt.want)
				if tt.want == "" {
					b.wantSees("alice", "#general", "New [picture]")
				}
			})
		})
	}
}

// A photo becomes another photo or goes, but never becomes a text.
func TestPhotoStays(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		chat := b.meet("alice", "#general")
		at := func(message int) params {
			return params{"chat_id": id(chat), "message_id": fmt.Sprint(message), "text": "Text", "media": `{"type":"photo","media":"attach://p"}`}
		}
		files := map[string][]byte{"p": picture(20, 10)}
		m := b.say(chat, "Old").MessageID
		b.uploads("editMessageMedia", at(m), files, "")
		b.uploads("editMessageMedia", at(m), files, "")
		b.refused("editMessageText", at(m), 400, "Bad Request: there is no text in the message to edit")
		b.uploads("editMessageMedia", at(99), files, "message to edit not found")
		b.uploads("editMessageMedia", at(1), files, "message can't be edited")
		p := at(m)
		p["reply_markup"] = `{"force_reply":true}`
		b.uploads("editMessageMedia", p, files, "inline keyboard expected")
		b.ask("deleteMessage", at(m), nil)

		m = b.say(chat, "Newer").MessageID
		b.srv.NoPhotos("#general")
		const rights = "not enough rights to send photos to the chat"
		b.uploads("editMessageMedia", at(m), files, rights)
		b.uploads("sendPhoto", params{"chat_id": id(chat)}, map[string][]byte{"photo": picture(20, 10)}, rights)
		b.wantSees("alice", "#general", "Newer")
		time.Sleep(48 * time.Hour)
		b.refused("deleteMessage", at(m), 400, "Bad Request: message can't be deleted")
	})
}
