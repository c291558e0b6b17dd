//! Random schedules, to be drawn.

use multimaster_models::check::erased::Erased;
use multimaster_models::model::Model;
use multimaster_models::report::picture::Diagram;
use multimaster_models::scenario::Scenario;

/// Five masters with long keys and values of many scripts, under every failure that a picture marks.
const MIXED: &str = r#"
about = "Long keys of many scripts, under losses, duplicates, cuts and crashes"
masters = 5
topology = "TOPOLOGY"
rule = "RULE"
link = "datagram"
losses = 4
duplicates = 4

[clients]
A = ["at 3, set reservations/2026-11-26/flight/LH-0441/seat/14F/passenger = 14 Ann-Katrin Müller-Lüdenscheidt", "set k = 1"]
B = ["at 1, set 東京都千代田区霞が関一丁目三番二号の予約番号と座席の表 = 値の長い値の長い値の長い値", "delete k"]
C = ["at 9, set مفتاح-طويل-جدا-للحجز = قيمة طويلة جدا", "set 👩‍👧‍👦🏳️‍🌈🇩🇪👍🏽emoji👩‍👧‍👦🏳️‍🌈🇩🇪👍🏽 = 🧵🪡🧶"]
D = ["at 2, set कुंजी-बहुत-लंबी-है = ค่าที่ยาวมากๆ", "set </script><b>&\"'é́́́ = <!--x-->"]
E = ["set ThisIsOneVeryLongWordWithoutAnyPlaceToBreakItBecauseNobodyThoughtOfPictures = 0000000000000000000000000000000000000"]

[failures]
cuts = 2
crashes = 2
"#;

/// Twenty random schedules of five masters, each of 25 steps if so many are possible.
pub(crate) fn diagrams() -> Vec<Diagram> {
    (0..20).map(|seed| diagram(seed, 25)).collect()
}

fn diagram(seed: u64, steps: usize) -> Diagram {
    let topology = ["ring", "star", "all-to-all"][seed as usize % 3];
    let rule = ["last-write-wall", "multi-value"][seed as usize % 2];
    let text = MIXED.replace("TOPOLOGY", topology).replace("RULE", rule);
    // Only a rule that uses wall clocks takes times.
    let text = if rule == "multi-value" {
        text.replace("at 3, ", "").replace("at 1, ", "").replace("at 9, ", "").replace("at 2, ", "")
    } else {
        text
    };
    let scenario = Scenario::parse("mixed", "mixed.toml", &text).unwrap_or_else(|fault| panic!("{fault}"));
    let model = scenario.model();
    let path = walk(&model, &mut fastrand::Rng::with_seed(seed), steps);
    Diagram::of(&model, &path).under("mixed/東京都千代田区/مفتاح طويل.toml", "violates convergence")
}

type Walk = Vec<(<Erased as Model>::State, Option<<Erased as Model>::Action>)>;

fn walk(model: &Erased, random: &mut fastrand::Rng, steps: usize) -> Walk {
    let mut state = model.init_states().remove(0);
    let mut walk: Walk = Vec::new();
    let mut actions = Vec::new();
    for _ in 0..steps {
        actions.clear();
        model.actions(&state, &mut actions);
        let possible: Vec<_> =
            actions.drain(..).filter_map(|action| Some((model.step(&state, &action)?.0, action))).collect();
        let Some((next, action)) = random.choice(possible) else { break };
        walk.push((std::mem::replace(&mut state, next), Some(action)));
    }
    walk.push((state, None));
    walk
}
