package identity_test
import ("testing";"time")
func TestZZ(t *testing.T){
 t0:=time.Now(); i:=prepare(t); t.Log("prepare",time.Since(t0)); t0=time.Now()
 i.start(); t.Log("start",time.Since(t0)); t0=time.Now()
 i.admin=i.signIn("admin",bootstrapPassword); t.Log("signin",time.Since(t0)); t0=time.Now()
 i.must(plain(), header+wang); t.Log("import",time.Since(t0)); t0=time.Now()
 i.must(plain(), header+wang+lilei); t.Log("import",time.Since(t0)); t0=time.Now()
 r:=i.must(plain(), header+many(2000)+wang+lilei); t.Log("import2000",counts(r),time.Since(t0)); t0=time.Now()
 r=i.must(plain(), header+many(2000)+wang+lilei); t.Log("again",counts(r),time.Since(t0)); t0=time.Now()
 i.stop(); t.Log("stop",time.Since(t0))
}
