/** Pure: text that a shell or a PostgreSQL configuration file reads as it was meant, whatever characters a path holds. */

const PLAIN = /^[\w@+=:,./-]+$/;

/** One word for `sh`. A path without special characters stays as it is. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What stands between double quotes for `sh`. */
function withinDoubleQuotes(text: string): string {
  return text.replaceAll(/[\\"$`]/g, (character) => `\\${character}`);
}

/** A path inside of archive_command or restore_command, without quotes around it: there `%` begins a placeholder. */
export function withinCommand(path: string): string {
  return withinDoubleQuotes(path).replaceAll('%', '%%');
}

/** The program of archive_command or restore_command. */
export function commandWord(path: string): string {
  return PLAIN.test(path) ? path : `"${withinCommand(path)}"`;
}

/** What stands between single quotes in postgresql.conf. */
export function withinSetting(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll("'", "''");
}

/** A line of postgresql.conf. */
export function settingLine(name: string, value: string): string {
  return `${name} = '${withinSetting(value)}'`;
}

/** A folder as an item of unix_socket_directories, which is a list. */
export function socketFolder(folder: string): string {
  return /[",]|^\s|\s$/.test(folder) ? `"${folder.replaceAll('"', '""')}"` : folder;
}
