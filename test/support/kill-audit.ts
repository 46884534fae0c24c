/** @file `npm run check:kill [-- SEED]`: an audit of the embedded pair killed twenty times and continued. */
import { killAudit } from "./killed-audit.js";

/** Two variables, two layers, every control: ten to twenty seconds on two processors. */
const ARGS = [
  ...["fixtures/demo/base", "fixtures/demo/broken", "--exit-zero"],
  ...["--audit", "number-agreement", "--audit", "sentiment", "--layers", "2,4"],
  ...["--items", "200", "--pairs", "60", "--steps", "5"],
];
const KILLS = 20;

async function main(): Promise<void> {
  const tell = (text: string): void => {
    process.stdout.write(`${text}\n`);
  };
  const { kills, continued, finished, differences, leftBehind } = await killAudit({
    ...{ kills: KILLS, seed: Number(process.argv[2] ?? 0), args: ARGS, tell },
  });
  tell(`${kills} kills, ${continued} continued runs, ${finished} results compared`);
  for (const each of differences) tell(`DIFFERENT ${each}`);
  for (const each of leftBehind) tell(`LEFT BEHIND ${each}`);
  const isGood = differences.length === 0 && leftBehind.length === 0;
  tell(isGood ? "identical, nothing left behind" : "not as an uninterrupted run");
  process.exitCode = isGood ? 0 : 1;
}

await main();
