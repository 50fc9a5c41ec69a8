package gateway_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/grpckit"

	"github.com/ostiary/ostiary/services/gateway"
)

var errLate = fault.New(fault.Refused, "TOO_LATE", "It is too late; come tomorrow.", "已经太晚，请明日再来。")

// identity answers as the test wants and remembers what it was asked.
type identity struct {
	device string
	identityv1.UnimplementedIdentityServiceServer
	identityv1.UnimplementedSignInServiceServer
	err      error
	seen     metadata.MD
	wait     string
	session  string
	sessions map[string]bool
}

func (s *identity) hear(ctx context.Context) { s.seen, _ = metadata.FromIncomingContext(ctx) }

func (s *identity) GetPerson(ctx context.Context, r *identityv1.GetPersonRequest) (*identityv1.GetPersonResponse, error) {
	s.hear(ctx)
	return &identityv1.GetPersonResponse{Person: &identityv1.Person{EmployeeNumber: r.GetEmployeeNumber()}}, s.err
}

func (s *identity) RecordClearance(ctx context.Context, r *identityv1.RecordClearanceRequest) (*identityv1.RecordClearanceResponse, error) {
	s.hear(ctx)
	s.session = r.GetEmployeeNumber() + ": " + r.GetItem() + " " + r.GetReason()
	grpckit.SetPosition(ctx, "identity", 42)
	return &identityv1.RecordClearanceResponse{Position: 42}, s.err
}

func (s *identity) ReadLifecycle(ctx context.Context, r *identityv1.ReadLifecycleRequest) (*identityv1.ReadLifecycleResponse, error) {
	s.hear(ctx)
	s.wait = r.GetWait().AsDuration().String()
	return &identityv1.ReadLifecycleResponse{Next: r.GetAfter()}, nil
}

func (s *identity) SignIn(ctx context.Context, r *identityv1.SignInRequest) (*identityv1.SignInResponse, error) {
	s.hear(ctx)
	s.device = r.GetDevice()
	if r.GetPassword() != "right" {
		return nil, s.err
	}
	s.sessions["s1"] = true
	return &identityv1.SignInResponse{AccessToken: "t", ExpiresIn: 300, Session: "s1", Account: r.GetUser(), Device: "d1"}, nil
}

func (s *identity) RefreshSession(_ context.Context, r *identityv1.RefreshSessionRequest) (*identityv1.RefreshSessionResponse, error) {
	if !s.sessions[r.GetSession()] {
		return nil, errLate
	}
	return &identityv1.RefreshSessionResponse{AccessToken: "h.eyJyb2xlcyI6WyJociJdfQ.s", Zone: "Asia/Shanghai"}, nil
}

func (s *identity) ListSessions(context.Context, *identityv1.ListSessionsRequest) (*identityv1.ListSessionsResponse, error) {
	return &identityv1.ListSessionsResponse{Items: []*identityv1.Session{{
		SessionId: "ses_1", Account: "E1 <b>", Current: true, Since: timestamppb.Now(), ExpiresAt: timestamppb.Now(),
	}}}, nil
}

func (s *identity) EndSession(ctx context.Context, r *identityv1.EndSessionRequest) (*identityv1.EndSessionResponse, error) {
	s.hear(ctx)
	s.session = "ended:" + r.GetSessionId()
	delete(s.sessions, "s1")
	return &identityv1.EndSessionResponse{Position: 7}, nil
}

// refusal is an error as a service sends it.
func refusal(err error) error {
	f, ok := fault.Of(err)
	if !ok {
		return err
	}
	codesOf := map[fault.Kind]codes.Code{
		fault.Refused: codes.FailedPrecondition, fault.Unauthenticated: codes.Unauthenticated, fault.Unavailable: codes.Unavailable,
	}
	st, err := status.New(codesOf[f.Kind], f.Message).WithDetails(
		&errdetails.ErrorInfo{Reason: f.Reason, Domain: "ostiary", Metadata: f.Details},
		&errdetails.LocalizedMessage{Locale: "zh-CN", Message: f.MessageZH})
	if err != nil {
		return err
	}
	return st.Err()
}

// door is the gateway before identity.
func door(t *testing.T) (*identity, *httptest.Server) {
	t.Helper()
	s := &identity{sessions: map[string]bool{}}
	return s, before(t, s, gateway.Options{Log: slog.New(slog.DiscardHandler)})
}

// before puts the door before an identity.
func before(t *testing.T, s *identity, o gateway.Options) *httptest.Server {
	t.Helper()
	server := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		answer, err := handle(ctx, request)
		return answer, refusal(err)
	}))
	identityv1.RegisterIdentityServiceServer(server, s)
	identityv1.RegisterSignInServiceServer(server, s)
	t.Cleanup(server.Stop)
	conn := grpckit.ServerConn(server)()
	t.Cleanup(func() { _ = conn.Close() })
	h, err := gateway.New(t.Context(), conn, o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	return web
}

// ask sends a request and returns status, headers and body.
func ask(t *testing.T, web *httptest.Server, method, path, body string, headers ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, web.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for n := 0; n < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(text)
}

func TestACallPassesWithItsCredentialAndNothingElse(t *testing.T) {
	t.Parallel()
	s, web := door(t)
	code, _, body := ask(t, web, "GET", "/api/v1/people/E1", "", "Authorization", "Bearer abc", "Ostiary-Not-Before", "identity=3",
		"Grpc-Metadata-Actor", "root", "X-Actor", "root", "X-Forwarded-For", "10.0.0.1", "Grpc-Timeout", "1n", "Cookie", "a=b")
	if code != 200 || !strings.HasPrefix(body, `{"employee_number":"E1"`) || !strings.Contains(body, `"accounts":[]`) {
		t.Errorf("%d %s", code, body)
	}
	for name, want := range map[string]string{"authorization": "Bearer abc", "ostiary-not-before": "identity=3", "x-forwarded-for": "127.0.0.1"} {
		if got := s.seen.Get(name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s passed as %v", name, got)
		}
	}
	for name := range s.seen {
		if !slices.Contains([]string{"authorization", "ostiary-not-before", "x-forwarded-for", ":authority", "content-type", "user-agent"}, name) {
			t.Errorf("%s passed: %v", name, s.seen.Get(name))
		}
	}
}

func TestAChangeCarriesItsCommandAndTellsItsPosition(t *testing.T) {
	t.Parallel()
	s, web := door(t)
	code, header, body := ask(t, web, "POST", "/api/v1/people/"+url.PathEscape("工号 1")+"/clearance/record", `{"item":"sign_off:研发部/一组","reason":"seen"}`, "Command-Id", "c1")
	if code != 200 || header.Get("Ostiary-Position") != "identity=42" || !strings.Contains(body, `"position":"42"`) {
		t.Errorf("%d %v %s", code, header, body)
	}
	if got := s.seen.Get("command-id"); !slices.Equal(got, []string{"c1"}) || s.session != "工号 1: sign_off:研发部/一组 seen" {
		t.Errorf("command %v, item and reason %q", got, s.session)
	}
	if code, _, _ := ask(t, web, "DELETE", "/api/v1/sessions/current", ""); code != 200 || s.session != "ended:" {
		t.Errorf("%d, %q", code, s.session)
	}
	if code, _, _ := ask(t, web, "DELETE", "/api/v1/sessions/ses_2", ""); code != 200 || s.session != "ended:ses_2" {
		t.Errorf("%d, %q", code, s.session)
	}
	if code, _, body := ask(t, web, "GET", "/api/v1/lifecycle?after=17&limit=2&wait=30s", ""); code != 200 || s.wait != "30s" || !strings.Contains(body, `"next":"17"`) {
		t.Errorf("%d, waited %s, %s", code, s.wait, body)
	}
}

func TestARefusalIsAProblemDocument(t *testing.T) {
	t.Parallel()
	s, web := door(t)
	for _, c := range []struct {
		name, method, path, body string
		err                      error
		headers                  []string
		code                     int
		reason, detail           string
	}{
		{name: "a rule", method: "GET", path: "/api/v1/people/E1", err: errLate.With("hour", "19"), code: 422, reason: "TOO_LATE", detail: "已经太晚，请明日再来。"},
		{name: "in English", method: "GET", path: "/api/v1/people/E1", err: errLate, headers: []string{"Accept-Language", "en-GB,zh;q=0.5"}, code: 422, reason: "TOO_LATE", detail: "It is too late; come tomorrow."},
		{name: "nobody signed in", method: "GET", path: "/api/v1/people/E1", err: fault.New(fault.Unauthenticated, "SIGN_IN_REQUIRED", "Sign in.", "请登录。"), code: 401, reason: "SIGN_IN_REQUIRED"},
		{name: "away", method: "GET", path: "/api/v1/people/E1", err: fault.New(fault.Unavailable, "AWAY", "Later.", "稍后。"), code: 503, reason: "AWAY"},
		{name: "a fault of ours", method: "GET", path: "/api/v1/people/E1", err: status.Error(codes.Internal, "password=hunter2"), code: 500, reason: "INTERNAL"},
		{name: "no such path", method: "GET", path: "/api/v1/nothing", code: 404, reason: "PATH_UNKNOWN"},
		{name: "no such call", method: "GET", path: "/api/v1/operators", code: 404, reason: "PATH_UNKNOWN"},
		{name: "another method", method: "DELETE", path: "/api/v1/people/E1", code: 405, reason: "METHOD_NOT_ALLOWED"},
		{name: "no JSON", method: "POST", path: "/api/v1/sessions", body: "user=x", headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, code: 415, reason: "MEDIA_TYPE_UNSUPPORTED"},
		{name: "half a document", method: "POST", path: "/api/v1/sessions", body: `{"user":`, code: 400, reason: "JSON_INVALID"},
		{name: "two documents", method: "POST", path: "/api/v1/sessions", body: `{"user":"x"}{"user":"y"}`, code: 400, reason: "JSON_INVALID"},
		{name: "a list", method: "POST", path: "/api/v1/sessions", body: `[1]`, code: 400, reason: "JSON_INVALID"},
		{name: "nothing", method: "POST", path: "/api/v1/sessions", body: `null`, code: 400, reason: "JSON_INVALID"},
		{name: "a misspelt field", method: "POST", path: "/api/v1/sessions", body: `{"usr":"x"}`, code: 400, reason: "FIELD_UNKNOWN"},
		{name: "a field that the path has", method: "PUT", path: "/api/v1/accounts/E1/roles", body: `{"account":"E2","roles":[]}`, code: 400, reason: "FIELD_UNKNOWN"},
		{name: "a body where none is taken", method: "DELETE", path: "/api/v1/sessions/current", body: `{"session_id":"s2"}`, code: 400, reason: "FIELD_UNKNOWN"},
		{name: "a field of another type", method: "POST", path: "/api/v1/sessions", body: `{"user":7}`, code: 400, reason: "REQUEST_INVALID"},
		{name: "a misspelt parameter", method: "GET", path: "/api/v1/lifecycle?form=7", code: 400, reason: "PARAMETER_UNKNOWN"},
		{name: "a parameter that the path has", method: "DELETE", path: "/api/v1/sessions/current?session_id=s2", code: 400, reason: "PARAMETER_UNKNOWN"},
		{name: "a query that is none", method: "GET", path: "/api/v1/lifecycle?after=%zz", code: 400, reason: "REQUEST_INVALID"},
		{name: "a wait that is none", method: "GET", path: "/api/v1/lifecycle?wait=long", code: 400, reason: "REQUEST_INVALID"},
		{name: "an answer too large", method: "GET", path: "/api/v1/people/E1", err: status.Error(codes.ResourceExhausted, "x"), code: 422, reason: "ANSWER_TOO_LARGE"},
		{name: "too slow", method: "GET", path: "/api/v1/people/E1", err: status.Error(codes.DeadlineExceeded, "x"), code: 504, reason: "TIMED_OUT"},
		{name: "an empty segment", method: "GET", path: "/api/v1/people/", code: 404, reason: "PATH_UNKNOWN"},
		{name: "no page", method: "GET", path: "/admin", code: 404, reason: "PATH_UNKNOWN"},
		{name: "too much", method: "POST", path: "/api/v1/sessions", body: `{"user":"` + strings.Repeat("x", 3<<20) + `"}`, code: 413, reason: "BODY_TOO_LARGE"},
		{name: "a number that is none", method: "GET", path: "/api/v1/lifecycle?after=x", code: 400, reason: "REQUEST_INVALID"},
	} {
		s.err = c.err
		code, header, body := ask(t, web, c.method, c.path, c.body, c.headers...)
		var p struct {
			Type, Title, Detail, Reason string
			Status                      int
			Details                     map[string]string
		}
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Errorf("%s: %v in %s", c.name, err, body)
			continue
		}
		if code != c.code || p.Status != c.code || p.Reason != c.reason || header.Get("Content-Type") != "application/problem+json" || p.Title == "" ||
			p.Type != "urn:ostiary:refusal:"+c.reason || p.Details == nil || c.detail != "" && p.Detail != c.detail {
			t.Errorf("%s: %d %v %+v", c.name, code, header, p)
		}
		if strings.Contains(body, "hunter2") {
			t.Errorf("%s: %s", c.name, body)
		}
		if code == 401 && header.Get("WWW-Authenticate") == "" || code == 422 && c.err.Error() == errLate.With("hour", "19").Error() && p.Details["hour"] != "19" {
			t.Errorf("%s: %v %+v", c.name, header, p)
		}
	}
}

// Behind something that ends TLS, the cookie is sent over nothing else.
func TestTheCookieIsSecureWhereThePageIs(t *testing.T) {
	t.Parallel()
	s := &identity{sessions: map[string]bool{}}
	for _, secure := range []bool{false, true} {
		web := before(t, s, gateway.Options{Log: slog.New(slog.DiscardHandler), Secure: secure})
		_, header, _ := ask(t, web, "POST", "/sign-in", "user=E1&password=right", "Content-Type", "application/x-www-form-urlencoded")
		if got := header.Get("Set-Cookie"); strings.Contains(got, "; Secure") != secure || !strings.Contains(got, "HttpOnly") {
			t.Errorf("secure %v: the cookie is %q", secure, got)
		}
	}
}

// What a caller says of its address is believed of whatever ends TLS before the
// door, and of nobody else.
func TestTheServiceLearnsWhereACallComesFrom(t *testing.T) {
	t.Parallel()
	s := &identity{sessions: map[string]bool{}}
	for secure, want := range map[bool]string{false: "127.0.0.1", true: "203.0.113.9"} {
		web := before(t, s, gateway.Options{Log: slog.New(slog.DiscardHandler), Secure: secure})
		for path, call := range map[string][2]string{
			"/sign-in":         {"user=E1&password=right", "application/x-www-form-urlencoded"},
			"/api/v1/sessions": {`{"user":"E1","password":"right"}`, "application/json"},
		} {
			if code, _, body := ask(t, web, "POST", path, call[0], "Content-Type", call[1], "X-Forwarded-For", "198.51.100.1, 203.0.113.9"); code >= 400 {
				t.Fatalf("%s: %d %s", path, code, body)
			}
			if got := s.seen.Get("x-forwarded-for"); !slices.Equal(got, []string{want}) {
				t.Errorf("secure %v, %s: it comes from %v, want %s", secure, path, got, want)
			}
		}
	}
}

func TestTheBrowserKeepsTheMarkOfItsLastSignIn(t *testing.T) {
	t.Parallel()
	s, web := door(t)
	_, header, _ := ask(t, web, "POST", "/sign-in", "user=E1&password=right", "Content-Type", "application/x-www-form-urlencoded")
	kept := slices.IndexFunc(header.Values("Set-Cookie"), func(c string) bool { return strings.HasPrefix(c, "ostiary_device=d1;") })
	if kept < 0 {
		t.Fatalf("cookies are %q", header.Values("Set-Cookie"))
	}
	ask(t, web, "POST", "/sign-in", "user=E1&password=right", "Content-Type", "application/x-www-form-urlencoded", "Cookie", "ostiary_device=d1")
	if s.device != "d1" {
		t.Errorf("the next sign-in shows %q", s.device)
	}
}

func TestThePageSignsInAndOut(t *testing.T) {
	t.Parallel()
	s, web := door(t)
	code, header, body := ask(t, web, "GET", "/", "")
	if code != 200 || !strings.Contains(body, "登录") || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Fatalf("%d %v %s", code, header, body)
	}
	form := func(path, data string, headers ...string) (int, http.Header, string) {
		t.Helper()
		return ask(t, web, "POST", path, data, append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
	}
	s.err = fault.New(fault.Refused, "PASSWORD_CHANGE_REQUIRED", "Choose a new password.", "请设置新口令。")
	if code, _, body := form("/sign-in", "user=E1&password=wrong", "Accept-Language", "en"); code != 401 || !strings.Contains(body, "Choose a new password.") || !strings.Contains(body, "new_password") {
		t.Errorf("%d %s", code, body)
	}
	if code, _, body := form("/sign-in", "user=E1&password=right", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); code != 403 || !strings.Contains(body, "FORM_FOREIGN") {
		t.Errorf("another site signs in: %d %s", code, body)
	}
	code, header, _ = form("/sign-in", "user=E1&password=right")
	cookie := header.Get("Set-Cookie")
	if code != 303 || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") {
		t.Fatalf("%d %s", code, cookie)
	}
	held, _, _ := strings.Cut(cookie, ";")
	if code, _, body := ask(t, web, "GET", "/", "", "Cookie", held); code != 200 || !strings.Contains(body, "E1 &lt;b&gt;") || !strings.Contains(body, ">hr<") || strings.Count(body, `action="/sign-out"`) != 2 {
		t.Errorf("%d %s", code, body)
	}
	if code, header, _ := form("/sign-out", "", "Cookie", held); code != 303 || s.session != "ended:" || !strings.Contains(header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("%d %v %s", code, header, s.session)
	}
	if code, header, body := ask(t, web, "GET", "/", "", "Cookie", held); code != 200 || !strings.Contains(body, "已经太晚") || !strings.Contains(header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("an ended session: %d %v %s", code, header, body)
	}
	if code, header, body := ask(t, web, "GET", "/ostiary.css", ""); code != 200 || header.Get("Content-Type") != "text/css; charset=utf-8" || len(body) < 1000 {
		t.Errorf("%d %v", code, header)
	}
}
