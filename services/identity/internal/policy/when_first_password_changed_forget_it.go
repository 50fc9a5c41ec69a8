package policy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"
)

// WhenFirstPasswordChangedForgetIt removes the file that told the generated
// password of the first administrator, once that has been replaced.
func WhenFirstPasswordChangedForgetIt(p *servicekit.Platform, file string) messaging.Policy {
	return messaging.Policy{
		Name: "when_first_password_changed_forget_it", Source: p.Service,
		On: []proto.Message{&identityv1.PasswordChanged{}},
		Do: func(_ context.Context, f eventstore.Fact) error {
			if f.Message.(*identityv1.PasswordChanged).GetAccount() != FirstAdmin {
				return nil
			}
			if err := os.Remove(p.KeyFile(file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove the initial password: %w", err)
			}
			return nil
		},
	}
}
