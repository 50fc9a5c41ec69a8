// Package k8s tests the manifests: that kustomize builds them, that the API
// server's types know every field, and that they keep what they promise.
package k8s

import (
	"path"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

var services = []string{"identity", "access-request", "approval", "provisioning", "policy", "audit", "gateway"}

// base is everything that k8s/base makes, by type and name.
type base struct {
	deployments map[string]appsv1.Deployment
	services    map[string]corev1.Service
	policies    map[string]networkingv1.NetworkPolicy
	claims      map[string]corev1.PersistentVolumeClaim
}

func build(t *testing.T) base {
	t.Helper()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "base")
	if err != nil {
		t.Fatalf("kustomize: %v", err)
	}
	b := base{
		map[string]appsv1.Deployment{}, map[string]corev1.Service{}, map[string]networkingv1.NetworkPolicy{},
		map[string]corev1.PersistentVolumeClaim{},
	}
	for _, r := range made.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		switch r.GetKind() {
		case "Deployment":
			decode(t, text, b.deployments, r.GetName())
		case "Service":
			decode(t, text, b.services, r.GetName())
		case "NetworkPolicy":
			decode(t, text, b.policies, r.GetName())
		case "PersistentVolumeClaim":
			decode(t, text, b.claims, r.GetName())
		default:
			t.Errorf("%s %s is checked by nobody", r.GetKind(), r.GetName())
		}
	}
	return b
}

// decode refuses a field that the type does not know: a misspelt one would
// silently be without effect.
func decode[T any](t *testing.T, text []byte, into map[string]T, name string) {
	t.Helper()
	var object T
	if err := yaml.UnmarshalStrict(text, &object); err != nil {
		t.Errorf("%s: %v\n%s", name, err, text)
	}
	into[name] = object
}

func TestEveryServiceIsDeployed(t *testing.T) {
	t.Parallel()
	b := build(t)
	for _, name := range services {
		d, s := b.deployments[name], b.services[name]
		if d.Name == "" || s.Name == "" {
			t.Errorf("%s has no deployment or no service", name)
			continue
		}
		for k, v := range s.Spec.Selector {
			if d.Spec.Template.Labels[k] != v || d.Spec.Selector.MatchLabels[k] != v {
				t.Errorf("%s: the service selects %s=%s, which the pods do not carry", name, k, v)
			}
		}
	}
	if len(b.deployments) != len(services) {
		t.Errorf("%d deployments for %d services", len(b.deployments), len(services))
	}
}

func TestPodsHaveNoRightsTheyDoNotNeed(t *testing.T) {
	t.Parallel()
	for name, d := range build(t).deployments {
		pod := d.Spec.Template.Spec
		if s := pod.SecurityContext; s == nil || !on(s.RunAsNonRoot) || s.SeccompProfile == nil {
			t.Errorf("%s may run as root or without seccomp", name)
		}
		if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
			t.Errorf("%s is given a token of the cluster", name)
		}
		for _, c := range pod.Containers {
			s := c.SecurityContext
			if s == nil || !on(s.ReadOnlyRootFilesystem) || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation {
				t.Errorf("%s may write its file system or gain privileges", name)
			}
			if s == nil || s.Capabilities == nil || len(s.Capabilities.Drop) != 1 || s.Capabilities.Drop[0] != "ALL" {
				t.Errorf("%s keeps capabilities", name)
			}
			if c.Resources.Limits.Memory().IsZero() || c.Resources.Limits.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() {
				t.Errorf("%s has no limits or requests", name)
			}
		}
	}
}

// A pod serves while a source is silent or an event is parked: /readyz tells
// monitors of that, and would take sign-in away if the cluster asked it.
func TestPodsAreProbedOnTheHealthPort(t *testing.T) {
	t.Parallel()
	for name, d := range build(t).deployments {
		for _, c := range d.Spec.Template.Spec.Containers {
			ports := map[string]int32{}
			for _, p := range c.Ports {
				ports[p.Name] = p.ContainerPort
			}
			for _, probe := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
				if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != "/healthz" || ports[probe.HTTPGet.Port.String()] != 9464 {
					t.Errorf("%s: a probe is missing or asks elsewhere", name)
				}
			}
		}
	}
}

func TestSecretsAreGivenByReference(t *testing.T) {
	t.Parallel()
	for name, d := range build(t).deployments {
		prefix := strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_"
		given := map[string]corev1.EnvVar{}
		for _, e := range d.Spec.Template.Spec.Containers[0].Env {
			given[e.Name] = e
			if !strings.HasPrefix(e.Name, prefix) {
				t.Errorf("%s is given %s, which it does not read", name, e.Name)
			}
			for _, sign := range []string{"PASSWORD", "TOKEN", "SECRET", "_URL", "DSN"} {
				if strings.Contains(e.Name, sign) && e.Value != "" {
					t.Errorf("%s: %s lies in the manifest", name, e.Name)
				}
			}
		}
		if name == "gateway" {
			continue // it keeps nothing
		}
		for _, suffix := range []string{"DATABASE_URL", "NATS_URL"} {
			from := given[prefix+suffix].ValueFrom
			if from == nil || from.SecretKeyRef == nil || !strings.HasPrefix(from.SecretKeyRef.Name, name+"-") {
				t.Errorf("%s: %s does not come from its own secret", name, prefix+suffix)
			}
		}
	}
}

// The root of the ledger is kept where it is still there after the pod, and
// where audit may write.
func TestTheRootOfTheLedgerOutlivesThePod(t *testing.T) {
	t.Parallel()
	b := build(t)
	pod := b.deployments["audit"].Spec.Template.Spec
	file := ""
	for _, e := range pod.Containers[0].Env {
		if e.Name == "AUDIT_ROOT_FILE" {
			file = e.Value
		}
	}
	for _, m := range pod.Containers[0].VolumeMounts {
		for _, v := range pod.Volumes {
			if path.Dir(file) == m.MountPath && !m.ReadOnly && v.Name == m.Name && v.PersistentVolumeClaim != nil {
				if _, ok := b.claims[v.PersistentVolumeClaim.ClaimName]; ok {
					return
				}
			}
		}
	}
	t.Errorf("%q lies on no claimed volume that audit may write", file)
}

func TestNothingIsReachableUnlessSaid(t *testing.T) {
	t.Parallel()
	p, ok := build(t).policies["default-deny"]
	if !ok || len(p.Spec.PodSelector.MatchLabels)+len(p.Spec.PodSelector.MatchExpressions) != 0 ||
		len(p.Spec.PolicyTypes) != 2 || len(p.Spec.Ingress)+len(p.Spec.Egress) != 0 {
		t.Errorf("default-deny is %+v", p.Spec)
	}
}

func on(b *bool) bool { return b != nil && *b }
