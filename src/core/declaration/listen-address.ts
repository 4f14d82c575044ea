export interface ListenAddress {
  /** A name, an IPv4 address, or an IPv6 address without its brackets. */
  readonly host: string;
  /** 0..65535; 0 lets the system choose. */
  readonly port: number;
}

/** Where probes and metrics answer; `off` for nowhere. */
export type ListenSetting = ListenAddress | 'off';

/** Where nothing else is said: for this machine alone. */
export const USUAL_LISTEN: ListenAddress = { host: '127.0.0.1', port: 9465 };

export const listenSettingPattern: RegExp =
  /^(?:off|(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):([0-9]{1,5}))$/;

/** The same for editors, with the range of ports: exactly what {@link parseListenSetting} takes. */
export const listenSettingInRangePattern: string = listenSettingPattern.source.replace(
  '([0-9]{1,5})',
  '(?:[0-5]?[0-9]{1,4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])',
);

/** Reads `127.0.0.1:9465`, `localhost:9465`, `[::1]:9465` or `off`; null for anything else. */
export function parseListenSetting(text: string): ListenSetting | null {
  if (text === 'off') return text;
  const match = listenSettingPattern.exec(text);
  const host = match?.[1];
  const port = Number(match?.[2]);
  if (host === undefined || !(port <= 65_535)) return null;
  return { host: host.replace(/^\[|\]$/g, ''), port };
}
