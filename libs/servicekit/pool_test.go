package servicekit

import "testing"

func TestAnAddressMaySayTheSizeOfThePool(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]int32{
		"postgres://someone@127.0.0.1:1/none":                                   maxConnections,
		"postgres://someone@127.0.0.1:1/none?sslmode=disable&pool_max_conns=3":  3,
		"postgres://someone@127.0.0.1:1/none?sslmode=disable&pool_max_conns=40": 40,
	} {
		pool, err := openPool(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		if got := pool.Config().MaxConns; got != want {
			t.Errorf("%s: %d connections, want %d", address, got, want)
		}
	}
	if _, err := openPool(t.Context(), "postgres://127.0.0.1:1/none?pool_max_conns=some"); err == nil {
		t.Error("a pool of some connections was opened")
	}
}
