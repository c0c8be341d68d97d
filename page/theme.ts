/** Light, dark, or as the system has it. */
import { byId } from './dom.js';

const KEY = 'kd-theme';
const CHOICES = ['auto', 'light', 'dark'] as const;
type Choice = (typeof CHOICES)[number];

export function startTheme(): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const saved = localStorage.getItem(KEY);
  let choice: Choice = CHOICES.find((one) => one === saved) ?? 'auto';
  const button = byId('theme');
  const apply = (): void => {
    const isDark = choice === 'dark' || (choice === 'auto' && system.matches);
    document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
    button.textContent = `Colours: ${choice}`;
  };
  system.addEventListener('change', apply);
  button.addEventListener('click', () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length] ?? 'auto';
    localStorage.setItem(KEY, choice);
    apply();
  });
  apply();
}
