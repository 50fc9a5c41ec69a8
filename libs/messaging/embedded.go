package messaging

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// readyWithin is how long a server may take to recover its files.
const readyWithin = 30 * time.Second

// Config is the embedded NATS server.
type Config struct {
	// Dir is where JetStream keeps its files.
	Dir string
	// Host is the address to listen on; 127.0.0.1 if empty.
	Host string
	// Port to listen on; -1 takes a free one.
	Port int
	// Users may sign in; nobody else but whom Outside knows.
	Users []User
	// Outside finds an outside system by user and password; nil if there are
	// none. It is asked for each connection that is of none of the Users.
	Outside func(user, password string) (User, bool)
	// SyncAlways flushes every message to the disk before it is confirmed. A
	// single node needs it: without it a power cut loses what came after the
	// last flush, and the relay has to refill.
	SyncAlways bool
	// Key encrypts the files. Empty leaves them in clear.
	Key string
	// Log is told who is cut off; nil if nobody wants to know.
	Log *slog.Logger
}

// Server is a running NATS server.
type Server struct {
	server   *server.Server
	users    map[string]User
	accounts *accounts
	stop     context.CancelFunc
}

// Embedded starts a NATS server with JetStream in this process.
func Embedded(c Config) (*Server, error) {
	if len(c.Users) == 0 {
		return nil, errors.New("start NATS: no users are given, everybody would be admitted")
	}
	options := &server.Options{
		ServerName: "ostiary", Host: c.Host, Port: c.Port,
		NoSigs: true, NoLog: true, NoSystemAccount: false,
		JetStream: true, StoreDir: c.Dir, SyncAlways: c.SyncAlways,
	}
	if options.Host == "" {
		options.Host = "127.0.0.1"
	}
	if err := free(options.Host, options.Port); err != nil {
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	if c.Key != "" {
		options.JetStreamKey, options.JetStreamCipher = c.Key, server.ChaCha
	}
	users := map[string]User{}
	for _, u := range c.Users {
		users[u.Name] = u
	}
	own := &accounts{made: map[string]*server.Account{}, log: c.Log}
	if own.log == nil {
		own.log = slog.New(slog.DiscardHandler)
	}
	options.CustomClientAuthentication = door{users: users, outside: c.Outside, accounts: own}
	s, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	own.server = s
	if err := offer(s.GlobalAccount()); err != nil {
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	s.Start()
	watching, stop := context.WithCancel(context.Background())
	running := &Server{server: s, users: users, accounts: own, stop: stop}
	if !s.ReadyForConnections(readyWithin) || !s.JetStreamEnabled() {
		running.Close()
		return nil, fmt.Errorf("start NATS on %s:%d with files in %s: it did not become ready; is the folder writable, and the key the one it was written with?",
			options.Host, c.Port, c.Dir)
	}
	for _, u := range c.Users { // what cannot be given is told now, not at every sign-in
		if _, err := own.of(u); err != nil {
			running.Close()
			return nil, fmt.Errorf("start NATS: %w", err)
		}
	}
	go own.watch(watching)
	return running, nil
}

// free tells early and clearly that a port is taken; the server itself would
// only fall silent.
func free(host string, port int) error {
	if port <= 0 {
		return nil
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return l.Close()
}

// URL is where clients connect.
func (s *Server) URL() string { return s.server.ClientURL() }

// Connect signs in as one of the users without going through the network.
func (s *Server) Connect(user string, log *slog.Logger) (*nats.Conn, error) {
	u, ok := s.users[user]
	if !ok {
		return nil, fmt.Errorf("connect to NATS: no user %q", user)
	}
	return connect(s.URL(), u.Name, u.Password, log, nats.InProcessServer(s.server))
}

// Close stops the server and returns when its files are closed.
func (s *Server) Close() {
	s.stop()
	s.server.Shutdown()
	s.server.WaitForShutdown()
}

// door admits the users and outside systems to the bus.
type door struct {
	users    map[string]User
	outside  func(user, password string) (User, bool)
	accounts *accounts
}

// Check implements server.Authentication.
func (d door) Check(c server.ClientAuthentication) bool {
	name, password := c.GetOpts().Username, c.GetOpts().Password
	u, ok := d.users[name]
	if ok {
		ok = subtle.ConstantTimeCompare([]byte(u.Password), []byte(password)) == 1
	} else if d.outside != nil && name != "" && password != "" {
		u, ok = d.outside(name, password)
	}
	if !ok {
		return false
	}
	account, err := d.accounts.of(u)
	if err != nil {
		return false
	}
	c.RegisterUser(u.server(account))
	return true
}
