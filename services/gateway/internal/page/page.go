// Package page is the page on which people sign in and look after their
// sessions. It works without scripts.
package page

import (
	_ "embed"
	"html/template"
	"net"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/grpckit"

	"github.com/ostiary/ostiary/services/gateway/internal/language"
)

//go:embed ostiary.css
var stylesheet []byte

//go:embed page.html
var source string

var pages = template.Must(template.New("page").Parse(source))

const cookie = "ostiary_session"

// deviceCookie marks the browser as one on which its last user has signed in.
const deviceCookie = "ostiary_device"

// lifetime is how long a browser keeps the cookie; the session may end earlier.
const lifetime = 12 * time.Hour

// deviceLifetime is how long a browser keeps the mark; the door may forget it
// earlier.
const deviceLifetime = 90 * 24 * time.Hour

// Options are what the page is told.
type Options struct {
	// Secure says that the page is reached over TLS which something before the
	// door ends.
	Secure bool
	// Foreign answers a form that comes from another site.
	Foreign http.HandlerFunc
	// Unknown answers what is no page.
	Unknown http.HandlerFunc
}

type server struct {
	Options
	door identityv1.SignInServiceClient
}

// New returns the page.
func New(conn grpc.ClientConnInterface, o Options) http.Handler {
	s := server{Options: o, door: identityv1.NewSignInServiceClient(conn)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("POST /sign-in", s.signIn)
	mux.HandleFunc("POST /sign-out", s.signOut)
	mux.HandleFunc("POST /sessions/end", s.end)
	mux.HandleFunc("GET /ostiary.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=3600")
		_, _ = w.Write(stylesheet) // the reader may have gone
	})
	mux.HandleFunc("/", o.Unknown)
	// A form on another site cannot act here.
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(o.Foreign)
	return protection.Handler(mux)
}

// view is what a page shows.
type view struct {
	English  bool
	User     string
	MustSet  bool
	Problem  string
	Account  string
	Roles    []string
	Sessions []session
}

type session struct {
	ID, Since, Until string
	Current          bool
}

// home shows the sign-in form, or who is signed in and where.
func (s server) home(w http.ResponseWriter, r *http.Request) {
	v := view{English: language.English(r)}
	c, err := r.Cookie(cookie)
	if err != nil {
		show(w, http.StatusOK, v)
		return
	}
	fresh, err := s.door.RefreshSession(r.Context(), &identityv1.RefreshSessionRequest{Session: c.Value})
	if err != nil {
		s.failed(w, r, v, err)
		return
	}
	zone, err := time.LoadLocation(fresh.GetZone())
	if err != nil {
		zone = time.UTC
	}
	ctx := grpckit.WithToken(r.Context(), fresh.GetAccessToken())
	list, err := s.door.ListSessions(ctx, &identityv1.ListSessionsRequest{})
	if err != nil {
		s.failed(w, r, v, err)
		return
	}
	v.Roles = roles(fresh.GetAccessToken())
	for _, item := range list.GetItems() {
		v.Sessions = append(v.Sessions, session{
			ID: item.GetSessionId(), Current: item.GetCurrent(),
			Since: item.GetSince().AsTime().In(zone).Format("2006-01-02 15:04"), Until: item.GetExpiresAt().AsTime().In(zone).Format("2006-01-02 15:04"),
		})
		if item.GetCurrent() {
			v.Account = item.GetAccount()
		}
	}
	show(w, http.StatusOK, v)
}

// failed shows the form again: a session that has ended is forgotten.
func (s server) failed(w http.ResponseWriter, r *http.Request, v view, err error) {
	code := http.StatusServiceUnavailable
	if f, ok := fault.Of(err); ok && f.Kind != fault.Unavailable {
		s.forget(w, r)
		code = http.StatusOK
	}
	v.Problem = say(v, err)
	show(w, code, v)
}

func (s server) signIn(w http.ResponseWriter, r *http.Request) {
	v := view{English: language.English(r), User: strings.TrimSpace(r.PostFormValue("user"))}
	address, _, _ := net.SplitHostPort(r.RemoteAddr) // of our own listener, or made by the door
	answer, err := s.door.SignIn(grpckit.WithAddress(r.Context(), address), &identityv1.SignInRequest{
		User: v.User, Password: r.PostFormValue("password"), NewPassword: r.PostFormValue("new_password"), Device: s.device(r),
	})
	if err != nil {
		v.Problem = say(v, err)
		if f, ok := fault.Of(err); ok && strings.HasPrefix(f.Reason, "PASSWORD_") {
			v.MustSet = true
		}
		show(w, http.StatusUnauthorized, v)
		return
	}
	http.SetCookie(w, s.cookie(r, cookie, answer.GetSession(), lifetime))
	http.SetCookie(w, s.cookie(r, deviceCookie, answer.GetDevice(), deviceLifetime))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// device is the mark that a sign-in left in this browser.
func (s server) device(r *http.Request) string {
	if c, err := r.Cookie(deviceCookie); err == nil {
		return c.Value
	}
	return ""
}

func (s server) signOut(w http.ResponseWriter, r *http.Request) { s.finish(w, r, "") }

func (s server) end(w http.ResponseWriter, r *http.Request) {
	s.finish(w, r, r.PostFormValue("session"))
}

// finish ends a session of the reader; "" is the one of this browser.
func (s server) finish(w http.ResponseWriter, r *http.Request, id string) {
	v := view{English: language.English(r)}
	c, err := r.Cookie(cookie)
	if err != nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	fresh, err := s.door.RefreshSession(r.Context(), &identityv1.RefreshSessionRequest{Session: c.Value})
	if err == nil {
		_, err = s.door.EndSession(grpckit.WithToken(r.Context(), fresh.GetAccessToken()), &identityv1.EndSessionRequest{SessionId: id})
	}
	if err != nil {
		s.failed(w, r, v, err)
		return
	}
	if id == "" {
		s.forget(w, r)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s server) forget(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, s.cookie(r, cookie, "", -time.Second))
}

// cookie holds a secret. Scripts cannot read it, other sites cannot make a browser
// send it, and over TLS it is sent over nothing else.
func (s server) cookie(r *http.Request, name, secret string, age time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: secret, Path: "/", MaxAge: int(age.Seconds()),
		HttpOnly: true, Secure: s.Secure || r.TLS != nil, SameSite: http.SameSiteStrictMode,
	}
}

func show(w http.ResponseWriter, code int, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = pages.Execute(w, v) // the reader may have gone
}

// say is an error in the reader's language.
func say(v view, err error) string {
	f, ok := fault.Of(err)
	switch {
	case ok && v.English:
		return f.Message
	case ok:
		return f.MessageZH
	case v.English:
		return "That did not work; try again."
	}
	return "操作未成功，请重试。"
}
