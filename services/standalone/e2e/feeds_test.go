package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// feedPack gives engineers the right to read orders.
const feedPack = `version: 1
effective: 2020-01-01T00:00:00+08:00
sources: [{name: peoplesoft, silence: 24h}]
applications:
  - {id: orders, title: {zh: 订单库, en: Orders}, target: orders-db, roles: [{id: reader}]}
matrix: [{position: engineer, grants: [orders/reader]}]
targets: [{id: orders-db, kind: postgres, dsn_env: ORDERS_DSN, prefix: "ost_"}]
`

// client is what clients/<name>.json tells an outside system.
type client struct {
	URL         string   `json:"url"`
	User        string   `json:"user"`
	Password    string   `json:"password"`
	Stream      string   `json:"stream"`
	Durables    []string `json:"durables"`
	InboxPrefix string   `json:"inbox_prefix"`
	Token       string   `json:"token"`
}

func (i *installation) client(name string) (c client) {
	i.t.Helper()
	b, err := os.ReadFile(filepath.Join(i.home, "clients", name+".json"))
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		i.t.Fatal(err)
	}
	return c
}

// connect signs in to the bus as an outside system; what the bus refuses goes
// into refused.
func (c client) connect(t *testing.T) (js jetstream.JetStream, refused chan error) {
	t.Helper()
	refused = make(chan error, 16)
	conn, err := nats.Connect(c.URL, nats.UserInfo(c.User, c.Password), nats.CustomInboxPrefix(c.InboxPrefix),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if js, err = jetstream.New(conn); err != nil {
		t.Fatal(err)
	}
	return js, refused
}

// next reads and acknowledges the next messages of a place.
func (c client) next(t *testing.T, js jetstream.JetStream, durable string, n int) (all []map[string]any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var consumer jetstream.Consumer
	eventually(t, 20*time.Second, "the place "+durable, func() (err error) {
		consumer, err = js.Consumer(ctx, c.Stream, durable)
		return err
	})
	schema := map[string]string{"HRREPLY": "hr-reply.schema.json", "LIFECYCLE": "lifecycle.schema.json"}[c.Stream]
	defer func() { conforms(t, schema, all...) }()
	for len(all) < n {
		batch, err := consumer.Fetch(n-len(all), jetstream.FetchMaxWait(20*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		before := len(all)
		for m := range batch.Messages() {
			all = append(all, parse(t, string(m.Data())))
			if err := m.DoubleAck(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if len(all) == before {
			t.Fatalf("%d of %d messages came: %v", len(all), n, batch.Error())
		}
	}
	return all
}

// example runs docs/examples/lifecycle until it has said so many lines, and
// returns the number at the beginning of each.
func (i *installation) example(place string, lines int) (numbers []string) {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(i.t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, filepath.Join(binaries, "lifecycle"), filepath.Join(i.home, "clients", "lifecycle.json"), place)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		i.t.Fatal(err)
	}
	scanner := bufio.NewScanner(out)
	for len(numbers) < lines && scanner.Scan() {
		number, _, _ := strings.Cut(scanner.Text(), " ")
		numbers = append(numbers, number)
	}
	// The last line is said before its number is written down; a clean stop lets
	// it finish.
	_ = c.Process.Signal(os.Interrupt)
	_ = c.Wait()
	return numbers
}

// rest asks over HTTP and returns status, position and the answer.
func (i *installation) rest(method, path, token, body string, headers ...string) (int, string, map[string]any) {
	i.t.Helper()
	r, err := http.NewRequestWithContext(i.t.Context(), method, i.web+path, strings.NewReader(body))
	if err != nil {
		i.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for n := 0; n < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		i.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		i.t.Fatal(err)
	}
	return answer.StatusCode, answer.Header.Get("Ostiary-Position"), parse(i.t, string(text))
}

func hrEvent(sequence int, verb, employee, data string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"m-%d","source":"hr/peoplesoft","type":"hr.employee.%s.v1","subject":%q,"time":"2026-11-22T09:00:00+08:00","sequence":"%d","data":%s}`,
		sequence, verb, employee, sequence, data)
}

// An HR system sends a hire over the bus and hears of it; the right is there on
// the real system; another system follows by the lifecycle feed, over the bus
// and over HTTP; a dismissal takes everything away, and the gate opens; so it
// does for a transfer, when what the old post gave is gone.
//
// Covers: OPS-002, OPS-007, IDN-025, IDN-029, IDN-030
func TestOutsideSystemsSpeakOverTheBusAndOverHTTP(t *testing.T) {
	t.Parallel()
	i := install(t)
	target := i.target()
	i.do("policy", "apply", i.write("pack.yaml", feedPack))
	hr, lifecycle := i.client("hr"), i.client("lifecycle")
	js, refused := hr.connect(t)
	send := func(sequence int, verb, employee, data string) {
		t.Helper()
		event := hrEvent(sequence, verb, employee, data)
		conforms(t, "hr-event.schema.json", parse(t, event))
		if _, err := js.Publish(t.Context(), "hr.peoplesoft.employee."+verb, []byte(event)); err != nil {
			t.Fatal(err)
		}
	}
	today := time.Now().Format(time.DateOnly)
	send(1, "hired", "E42", fmt.Sprintf(`{"name":"周晓彤","position":"engineer","unit":["总部"],"effective_date":%q}`, today))
	if got := hr.next(t, js, "hrreply-hr", 1)[0]; got["type"] != "hr.accepted.v1" || got["subject"] != "E42" {
		t.Fatalf("the hire is answered by %v", got)
	}
	eventually(t, 30*time.Second, "the right", func() error {
		if got := rights(t, target); !slices.Equal(got, []string{"ost_E42 ost_orders_reader"}) {
			return fmt.Errorf("the target shows %v", got)
		}
		return nil
	})
	i.explains("E42", "orders/reader", "GrantIssued", "EmploymentStarted", "HrEventTaken")
	if s := i.lines("hr", "status"); len(s) != 1 || s[0]["next_sequence"] != "2" {
		t.Errorf("hr status says %v", s)
	}
	send(2, "moved", "E99", fmt.Sprintf(`{"position":"clerk","effective_date":%q}`, today))
	if got := hr.next(t, js, "hrreply-hr", 1)[0]; got["type"] != "hr.quarantined.v1" {
		t.Fatalf("a wrong event is answered by %v", got)
	}
	waiting := i.lines("hr", "quarantine", "list")
	if len(waiting) != 1 || waiting[0]["reason"] != "PERSON_NOT_EMPLOYED" {
		t.Fatalf("in quarantine is %v", waiting)
	}
	if r := i.call(nil, "hr", "quarantine", "retry", fmt.Sprint(waiting[0]["position"])); r.code != 3 {
		t.Errorf("a retry that cannot succeed: exit %d\n%s%s", r.code, r.out, r.err)
	}
	hr.next(t, js, "hrreply-hr", 1)

	// It may do its work and nothing else.
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := js.Publish(ctx, "ev.identity.person.EmploymentEnded", []byte("forged")); err == nil {
		t.Error("an HR system published an event of a service")
	}
	if err := <-refused; !errors.Is(err, nats.ErrPermissionViolation) {
		t.Errorf("refused with %v", err)
	}
	wrong := hr
	wrong.Password = "guess"
	if _, err := nats.Connect(wrong.URL, nats.UserInfo(wrong.User, wrong.Password)); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("a wrong secret: %v", err)
	}

	// REST: sign in, look, end the session.
	code, _, session := i.rest("POST", "/api/v1/sessions", "", fmt.Sprintf(`{"user":"admin","password":%q}`, password))
	token, _ := session["access_token"].(string)
	if code != 200 || token == "" {
		t.Fatalf("sign-in over HTTP: %d %v", code, session)
	}
	if code, _, p := i.rest("GET", "/api/v1/people/E42", token, ""); code != 200 || p["name"] != "周晓彤" || p["state"] != "active" {
		t.Errorf("the person over HTTP: %d %v", code, p)
	}
	if code, _, p := i.rest("GET", "/api/v1/people/E42", "", ""); code != 401 || p["reason"] != "SIGN_IN_REQUIRED" {
		t.Errorf("without a credential: %d %v", code, p)
	}
	if code, _, p := i.rest("GET", "/api/v1/people/E404", token, "", "Accept-Language", "en"); code != 404 || p["reason"] != "PERSON_NOT_FOUND" {
		t.Errorf("nobody: %d %v", code, p)
	}
	command := "7b0c1d9e-3d0c-4a54-9a68-1f5a0f0b2c3d"
	code, position, added := i.rest("POST", "/api/v1/operators", token, `{"user":"auditor1","roles":["auditor"]}`, "Command-Id", command)
	if code != 200 || !strings.HasPrefix(position, "identity=") {
		t.Errorf("an operator over HTTP: %d %s %v", code, position, added)
	}
	if code, _, p := i.rest("POST", "/api/v1/operators", token, `{"user":"auditor2","roles":["auditor"]}`, "Command-Id", command); code == 200 {
		t.Errorf("the same command with another content: %d %v", code, p)
	}
	if code, _, list := i.rest("GET", "/api/v1/operators", token, "", "Ostiary-Not-Before", position); code != 200 || len(list["items"].([]any)) != 2 {
		t.Errorf("operators over HTTP: %d %v", code, list)
	}
	if code, _, c := i.rest("GET", "/api/v1/access/E42/orders/reader", token, ""); code != 200 || c["allowed"] != true {
		t.Errorf("the check over HTTP: %d %v", code, c)
	}

	// Another system follows, over the bus and over HTTP.
	follower, _ := lifecycle.connect(t)
	var types []string
	for _, e := range lifecycle.next(t, follower, "lifecycle-2", 7) {
		types = append(types, fmt.Sprint(e["sequence"], " ", e["type"], " ", e["subject"]))
	}
	if types[4] != "5 ostiary.grant.activated.v1 E42" {
		t.Errorf("the feed tells %v", types)
	}
	if code, _, p := i.rest("GET", "/api/v1/lifecycle", "", ""); code != 401 {
		t.Errorf("the feed without a token: %d %v", code, p)
	}
	waits := make(chan map[string]any, 1)
	go func() {
		_, _, page := i.rest("GET", "/api/v1/lifecycle?after=7&wait=50s", lifecycle.Token, "")
		waits <- page
	}()

	// The example that comes with the product keeps its place, also when it is
	// stopped and started again.
	place := filepath.Join(i.work, "place")
	if got := i.example(place, 7); !slices.Equal(got, []string{"1", "2", "3", "4", "5", "6", "7"}) {
		t.Errorf("the example says %v", got)
	}

	send(3, "dismissed", "E42", `{"reason":"fraud"}`)
	page := <-waits
	if events := page["events"].([]any); len(events) == 0 || events[0].(map[string]any)["subject"] != "E42" {
		t.Errorf("who waited was told %v", page)
	}
	eventually(t, 30*time.Second, "nothing is left", func() error {
		if got := rights(t, target); len(got) != 0 {
			return fmt.Errorf("the target shows %v", got)
		}
		return nil
	})
	if got := i.example(place, 2); !slices.Equal(got, []string{"8", "9"}) {
		t.Errorf("started again the example says %v", got)
	}
	heard := map[any]bool{}
	for _, a := range hr.next(t, js, "hrreply-hr", 3) {
		heard[a["type"]] = true
	}
	if !heard["hr.accepted.v1"] || !heard["hr.gate.blocked.v1"] || !heard["hr.gate.opened.v1"] {
		t.Errorf("HR heard %v", heard)
	}
	if code, _, c := i.rest("GET", "/api/v1/access/E42/orders/reader", token, ""); code != 200 || c["allowed"] != false {
		t.Errorf("the check after the dismissal: %d %v", code, c)
	}

	send(4, "hired", "E43", fmt.Sprintf(`{"name":"林一","position":"engineer","unit":["总部"],"effective_date":%q}`, today))
	hr.next(t, js, "hrreply-hr", 1)
	eventually(t, 30*time.Second, "the right of the old post", func() error {
		if got := rights(t, target); !slices.Equal(got, []string{"ost_E43 ost_orders_reader"}) {
			return fmt.Errorf("the target shows %v", got)
		}
		return nil
	})
	send(5, "transfer_noticed", "E43", fmt.Sprintf(`{"position":"clerk","effective_date":%q}`, today))
	heard = map[any]bool{}
	for _, a := range hr.next(t, js, "hrreply-hr", 3) {
		heard[a["type"]] = true
	}
	if !heard["hr.accepted.v1"] || !heard["hr.gate.blocked.v1"] || !heard["hr.gate.opened.v1"] {
		t.Errorf("HR heard %v of the transfer", heard)
	}
	if got := rights(t, target); len(got) != 0 {
		t.Errorf("the gate is open and the target shows %v", got)
	}
	if code, _, c := i.rest("GET", "/api/v1/people/E43/clearance", token, ""); code != 200 || c["kind"] != "transfer" || c["gate"] != "opened" {
		t.Errorf("the transfer over HTTP: %d %v", code, c)
	}
	if c := i.object("clearance", "show", "E43"); c["kind"] != "transfer" || c["state"] != "closed" || c["gate"] != "opened" {
		t.Errorf("clearance of the transfer is %v", c)
	}
	if code, _, p := i.rest("DELETE", "/api/v1/sessions/current", token, ""); code != 200 {
		t.Errorf("signing out over HTTP: %d %v", code, p)
	}
	if code, _, p := i.rest("GET", "/api/v1/people/E42", token, ""); code != 401 {
		t.Errorf("an ended session: %d %v", code, p)
	}
}
