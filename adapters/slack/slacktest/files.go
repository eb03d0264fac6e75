package slacktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/usherbot/usher/core/coretest"
)

const (
	uploadPath = "/upload/v1/"
	maxUpload  = 16 << 20               // bytes
	lookOver   = 300 * time.Millisecond // until a file that is complete can be shown
)

// file is one that somebody has uploaded, or is about to.
type file struct {
	id, name string
	by       *person
	length   int
	data     []byte
	uploaded bool
	ready    time.Time // when it can be shown; zero: its upload is not complete
	shared   bool      // by a message that was posted with it
	deleted  bool
}

// there reports whether an upload was completed, and nobody has deleted it since.
func (f *file) there() bool { return f != nil && !f.ready.IsZero() && !f.deleted }

// getUploadURL tells where to upload a file.
func (s *Server) getUploadURL(p url.Values) (object, error) {
	length, err := strconv.Atoi(p.Get("length"))
	switch {
	case p.Get("filename") == "":
		return nil, no("invalid_arguments", "[ERROR] missing required field: filename")
	case err != nil || length <= 0 || length > maxUpload:
		return nil, no("invalid_arguments", "[ERROR] must be a size [json-pointer:/length]")
	}
	f := &file{id: s.newID("F"), name: p.Get("filename"), by: s.me, length: length}
	key := secret()
	s.files[f.id], s.uploads[key] = f, f
	return object{"file_id": f.id, "upload_url": s.Server.URL() + uploadPath + key}, nil
}

// serveUpload takes what a file is to hold. Whoever knows the address may post there.
func (s *Server) serveUpload(w http.ResponseWriter, seen *Request) {
	f := s.uploads[seen.upload]
	switch {
	case f == nil || f.uploaded:
		http.Error(w, "there is nothing to upload here", http.StatusNotFound)
		return
	case len(seen.data) != f.length:
		http.Error(w, fmt.Sprintf("got %d bytes, want %d", len(seen.data), f.length), http.StatusBadRequest)
		return
	}
	f.data, f.uploaded = seen.data, true
	fmt.Fprintf(w, "OK - %d", f.length)
}

// readUpload reads the bytes of an upload: the body, or the file in a form.
func readUpload(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	var from io.Reader = r.Body
	if form, err := r.MultipartReader(); err == nil {
		if from, err = form.NextPart(); err != nil {
			return nil, fmt.Errorf("read form: %w", err)
		}
	}
	data, err := io.ReadAll(from)
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body) // all of it: the end of a form too
	}
	if err != nil {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	return data, nil
}

// completeUpload makes files of what was uploaded. They are the bot's alone: it
// shares them by itself, in blocks.
func (s *Server) completeUpload(p url.Values) (object, error) {
	var named []struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	}
	switch {
	case json.Unmarshal([]byte(p.Get("files")), &named) != nil || len(named) == 0:
		return nil, no("invalid_arguments", "[ERROR] must provide a list [json-pointer:/files]")
	case p.Has("channel_id") || p.Has("channels"):
		return nil, no("invalid_arguments", "[ERROR] slacktest shares no files [json-pointer:/channel_id]")
	}
	for _, n := range named {
		switch f := s.files[n.ID]; {
		case f == nil || f.by != s.me || f.deleted || !f.uploaded:
			return nil, no("file_not_found")
		case f.there():
			return nil, no("file_update_failed")
		}
	}
	var done []object
	for _, n := range named {
		s.files[n.ID].ready = time.Now().Add(lookOver)
		done = append(done, object{"id": n.ID, "title": n.Title})
	}
	return object{"files": done}, nil
}

// deleteFile deletes a file, wherever it is shown.
func (s *Server) deleteFile(p url.Values) (object, error) {
	switch f := s.files[p.Get("file")]; {
	case f == nil || f.ready.IsZero():
		return nil, no("file_not_found")
	case f.deleted:
		return nil, no("file_deleted")
	case f.by != s.me:
		return nil, no("cant_delete_file")
	default:
		f.deleted, f.data = true, nil
		s.Change()
		return nil, nil
	}
}

// showable reports whether the bot may show a file now. A file is not ready at once.
func (s *Server) showable(id string) bool {
	f := s.files[id]
	return f.there() && f.by == s.me && !time.Now().Before(f.ready) &&
		strings.HasPrefix(http.DetectContentType(f.data), "image/")
}

// share lets people see the files of a message that is posted for all in a chat. What
// an edit brings, or a message for one alone, they do not.
func (s *Server) share(blocks []node) {
	for _, b := range blocks {
		if b.Type == "image" && b.File != nil {
			s.files[b.File.ID].shared = true
		}
	}
}

// picture is what people see of an image block; false: nothing, any more.
func (s *Server) picture(b node) (coretest.Control, bool) {
	switch {
	case b.Type != "image" || b.File == nil || !s.files[b.File.ID].there():
		return coretest.Control{}, false
	case !s.files[b.File.ID].shared:
		return coretest.Control{Kind: coretest.Picture, Text: "File not found"}, true
	}
	return coretest.Control{Kind: coretest.Picture, Text: b.Alt, Data: s.files[b.File.ID].data}, true
}

// Files is how many files of the bot there are.
func (s *Server) Files() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, f := range s.files {
		if f.by == s.me && f.there() {
			n++
		}
	}
	return n
}

// Upload has somebody upload a file, which the bot has no access to, and returns
// its id.
func (s *Server) Upload(who string, data []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &file{id: s.newID("F"), name: "upload", by: s.person(who), length: len(data), data: data, uploaded: true, ready: time.Now()}
	s.files[f.id] = f
	return f.id
}
