package standalone

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// welcome tells where to go and how to sign in. The initial password is printed
// once; afterwards it lies in a file until it has been changed.
func welcome(out io.Writer, c Config, home, api, web, health string, s *servers, causes []string) {
	fmt.Fprintf(out, "\n司阍 Ostiary 已启动 / is running (%s)\n\n", home)
	fmt.Fprintf(out, "  网页 page    http://%s/\n", web)
	fmt.Fprintf(out, "  REST         http://%s/api/v1/  /api/openapi.json\n", web)
	fmt.Fprintf(out, "  API (gRPC)   %s\n", api)
	fmt.Fprintf(out, "  状态 health  http://%s/readyz  /metrics\n", health)
	fmt.Fprintf(out, "  登录 sign in bin/ostiary login --user admin%s\n", address(c))
	path := filepath.Join(home, "keys", "initial-admin-password.key")
	if password, err := os.ReadFile(path); err == nil {
		fmt.Fprintf(out, "  初始口令 initial password  %s  （首次登录须修改 / must be changed）\n", strings.TrimSpace(string(password)))
	}
	if s.target != nil {
		fmt.Fprintf(out, "  演示目标系统 demo target  %s\n", filepath.Join(home, "clients", "target.json"))
	}
	fmt.Fprintf(out, "  外部系统 outside systems  %s\n", filepath.Join(home, "clients", "{hr,lifecycle}.json"))
	for name, server := range map[string]string{"pg": dirOf(s, true), "target": dirOf(s, false)} {
		if wanted := filepath.Join(home, name); server != "" && server != wanted {
			fmt.Fprintf(out, "  数据库用户无法进入 the database user cannot enter %s: %s\n", wanted, server)
		}
	}
	fmt.Fprintf(out, "  日志 log     %s\n", filepath.Join(home, "log", "ostiary.log"))
	for _, cause := range causes {
		fmt.Fprintf(out, "  未就绪 not ready yet: %s\n", cause)
	}
	fmt.Fprintf(out, "\n  make demo 演示 plays the story · Ctrl-C 停止 stops\n\n")
}

// address is how the command line is told where to go, if not the default.
func address(c Config) string {
	if c.GRPCPort == 9090 && c.Host == "127.0.0.1" {
		return ""
	}
	return fmt.Sprintf(" --addr %s:%d", c.Host, c.GRPCPort)
}

func dirOf(s *servers, events bool) string {
	switch {
	case events && s.events != nil:
		return s.events.Dir
	case !events && s.target != nil:
		return s.target.Dir
	default:
		return ""
	}
}
