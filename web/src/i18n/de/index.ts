/* The whole German translation. */
import type { Translation } from '..';
import { channels } from './channels';
import { desk } from './desk';
import { design } from './design';
import { editing } from './editing';
import { flows } from './flows';
import { network } from './network';
import { work } from './work';

export const de: Translation = { ...work, ...network, ...design, ...flows, ...channels, ...desk, ...editing };
