// each marked line is refused
#include "gate/gate.h"

using gantry::gate::Gate;
using gantry::tool::CallContext;
using gantry::tool::Driver;
using gantry::tool::Effect;
using gantry::tool::Permit;

// Ways to come by a permit, to keep one, or to make it say something else. What is refused, in the words of either compiler.
Permit made(Effect effect) { return Permit(effect); }               // refused: private
Permit in_braces(Effect effect) { return {effect}; }                // refused: private | explicit
Permit converted(Effect effect) { return static_cast<Permit>(effect); }  // refused: private
Permit copied(const Permit& permit) { return permit; }              // refused: deleted
void assigned(Permit& to, const Permit& from) { to = from; }        // refused: deleted
void changed(Permit& permit) { permit.effect().arguments = gantry::Value(1); }  // refused: discards qualifiers | no viable
void opened(Permit& permit) { permit.effect_.tool = "another"; }    // refused: private
void kept(Driver& driver, const Permit& permit) { driver.call(permit, {}); }  // refused: deleted
void asked(Driver& driver, Effect effect) { driver.call({effect}, {}); }      // refused: private | explicit
void unasked(Driver& driver) { driver.call({}, {}); }               // refused: convert | no matching | explicit

// Friendship is not inherited, and there is no second gate to be a friend of.
class Forger : public Gate {
 public:
  using Gate::Gate;
  static Permit forged(Effect effect) { return Permit(effect); }  // refused: private
};
namespace gantry::gate {
class Gate {};  // refused: redefinition
}  // namespace gantry::gate
